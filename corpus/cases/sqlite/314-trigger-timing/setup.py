"""Create prices, and log each change"""

import sqlalchemy as sa
from alembic import op

revision = "c314_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.create_table("price_log", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute(
        "CREATE TRIGGER prices_log AFTER UPDATE OF cents ON prices BEGIN "
        "INSERT INTO price_log (id) VALUES (NULL); END"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER prices_log")
    op.drop_table("price_log")
    op.drop_table("prices")
