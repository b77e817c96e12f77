"""Create items for everybody to read by name"""

import sqlalchemy as sa
from alembic import op

revision = "c241_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.execute("GRANT SELECT (name) ON items TO PUBLIC")


def downgrade() -> None:
    op.drop_table("items")
