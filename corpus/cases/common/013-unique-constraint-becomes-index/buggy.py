"""Enforce products.sku by an index"""

from alembic import op

revision = "c013_buggy"
down_revision = "c013_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.drop_constraint("uq_products_sku", type_="unique")
    op.create_index("ix_products_sku", "products", ["sku"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_products_sku", table_name="products")
    op.create_index("uq_products_sku", "products", ["sku"], unique=True)
