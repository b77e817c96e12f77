"""Name the unique constraint of items after the convention"""

from alembic import op

revision = "c210_buggy"
down_revision = "c210_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items RENAME CONSTRAINT uq_items_name TO items_name_uq")


def downgrade() -> None:
    op.drop_constraint("items_name_uq", "items", type_="unique")
    op.create_unique_constraint("uq_items_name", "items", ["name"])
