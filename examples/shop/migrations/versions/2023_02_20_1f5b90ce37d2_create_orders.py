"""create orders

Revision ID: 1f5b90ce37d2
Revises: e07a6d14c8f9
Create Date: 2023-02-20 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "1f5b90ce37d2"
down_revision = "e07a6d14c8f9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.Integer, nullable=False),
        sa.Column(
            "status",
            sa.Enum("new", "paid", "shipped", "cancelled", name="order_status"),
            nullable=False,
            server_default="new",
        ),
        sa.Column("placed_at", sa.DateTime, nullable=False, server_default=sa.func.current_timestamp()),
        sa.Column("note", sa.Text),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_orders_customer_id"),
    )
    op.create_index("ix_orders_customer_id_placed_at", "orders", ["customer_id", "placed_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_customer_id_placed_at", table_name="orders")
    op.drop_table("orders")
