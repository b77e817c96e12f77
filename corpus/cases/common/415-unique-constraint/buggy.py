"""Name the unique constraint of products after the convention"""

from alembic import op

revision = "c415_buggy"
down_revision = "c415_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.drop_constraint("uq_products_sku", type_="unique")
        batch.create_unique_constraint("products_sku_key_1", ["sku"])


def downgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.drop_constraint("products_sku_key_1", type_="unique")
