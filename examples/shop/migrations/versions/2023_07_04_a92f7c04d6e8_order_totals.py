"""store the total of an order

Revision ID: a92f7c04d6e8
Revises: 80d6e1b3f95a
Create Date: 2023-07-04 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "a92f7c04d6e8"
down_revision = "80d6e1b3f95a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("total_cents", sa.BigInteger))
    op.execute(
        """
        UPDATE orders SET total_cents = (
            SELECT coalesce(sum(CAST(quantity AS BIGINT) * unit_price_cents), 0)
            FROM order_items
            WHERE order_items.order_id = orders.id
        )
        """
    )


def downgrade() -> None:
    op.drop_column("orders", "total_cents")
