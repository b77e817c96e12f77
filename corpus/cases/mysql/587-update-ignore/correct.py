"""Say in a product's number that it is one"""

import sqlalchemy as sa
from alembic import op

revision = "c587_correct"
down_revision = "c587_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "products",
        "sku",
        existing_type=sa.String(12),
        type_=sa.String(20),
        existing_nullable=False,
    )
    op.execute("UPDATE products SET sku = concat('product/', sku)")


def downgrade() -> None:
    op.execute(
        "UPDATE products SET sku = left(if(left(sku, 8) = 'product/', substring(sku, 9), sku), "
        "12)"
    )
    op.alter_column(
        "products",
        "sku",
        existing_type=sa.String(20),
        type_=sa.String(12),
        existing_nullable=False,
    )
