"""Create orders and the list of chores that were done"""

import sqlalchemy as sa
from alembic import op

revision = "c160_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer", sa.String(80), nullable=False),
    )
    op.create_table("chores", sa.Column("name", sa.String(40), primary_key=True))


def downgrade() -> None:
    op.drop_table("chores")
    op.drop_table("orders")
