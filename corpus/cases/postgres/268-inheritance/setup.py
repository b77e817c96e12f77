"""Create items and archived items"""

import sqlalchemy as sa
from alembic import op

revision = "c268_setup"
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
    op.execute("CREATE TABLE archived_items (LIKE items, archived_on date)")
    op.execute("ALTER TABLE archived_items INHERIT items")


def downgrade() -> None:
    op.drop_table("archived_items")
    op.drop_table("items")
