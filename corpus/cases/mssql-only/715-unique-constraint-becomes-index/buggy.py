"""Call the constraint by its column"""

from alembic import op

revision = "c715_buggy"
down_revision = "c715_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("uq_products_sku", "products", type_="unique")
    op.create_unique_constraint("uq_sku", "products", ["sku"])


def downgrade() -> None:
    op.drop_constraint("uq_sku", "products", type_="unique")
    op.create_index("uq_products_sku", "products", ["sku"], unique=True)
