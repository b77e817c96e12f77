"""Allow items that are owed"""

from alembic import op

revision = "c214_buggy"
down_revision = "c214_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_items_count", "items", type_="check")
    op.create_check_constraint("ck_items_count", "items", "count >= -100")


def downgrade() -> None:
    op.drop_constraint("ck_items_count", "items", type_="check")
    op.create_check_constraint("ck_items_count", "items", "count >= -1000")
