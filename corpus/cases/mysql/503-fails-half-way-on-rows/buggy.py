"""All orders so far came by telephone"""

import sqlalchemy as sa
from alembic import op

revision = "c503_buggy"
down_revision = "c503_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("channel", sa.String(8)))
    op.execute("UPDATE orders SET channel = 'telephone'")
    op.create_index("ix_orders_channel", "orders", ["channel"])


def downgrade() -> None:
    op.drop_index("ix_orders_channel", table_name="orders")
    op.drop_column("orders", "channel")
