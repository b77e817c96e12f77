"""Name the unique constraint of items after the convention"""

from alembic import op

revision = "c210_correct"
down_revision = "c210_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items RENAME CONSTRAINT uq_items_name TO items_name_uq")


def downgrade() -> None:
    op.execute("ALTER TABLE items RENAME CONSTRAINT items_name_uq TO uq_items_name")
