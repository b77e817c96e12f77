"""Name the check of items after the convention"""

from alembic import op

revision = "c213_correct"
down_revision = "c213_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_items_count", "items", type_="check")
    op.create_check_constraint("items_count_ck", "items", "count >= 0")


def downgrade() -> None:
    op.drop_constraint("items_count_ck", "items", type_="check")
    op.create_check_constraint("ck_items_count", "items", "count >= 0")
