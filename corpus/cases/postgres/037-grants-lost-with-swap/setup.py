"""Create rates for everybody to read"""

import sqlalchemy as sa
from alembic import op

revision = "c037_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("currency", sa.String(3), nullable=False),
    )
    op.execute("GRANT SELECT ON rates TO PUBLIC")


def downgrade() -> None:
    op.drop_table("rates")
