"""Say in a product's number that it is one"""

from alembic import op

revision = "c587_buggy"
down_revision = "c587_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE IGNORE products SET sku = concat('product/', sku)")


def downgrade() -> None:
    op.execute("UPDATE products SET sku = substring(sku, 9)")
