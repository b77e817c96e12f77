"""create order items

Revision ID: 62d8a4f3b15e
Revises: 1f5b90ce37d2
Create Date: 2023-02-21 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "62d8a4f3b15e"
down_revision = "1f5b90ce37d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("product_id", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False, server_default="1"),
        sa.Column("unit_price_cents", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_items"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_items_order_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_order_items_product_id"),
        sa.UniqueConstraint("order_id", "product_id", name="uq_order_items_order_id_product_id"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000", name="ck_order_items_quantity"),
        sa.CheckConstraint("unit_price_cents > 0", name="ck_order_items_unit_price_cents"),
    )


def downgrade() -> None:
    op.drop_table("order_items")
