"""Allow items that are owed"""

from alembic import op

revision = "c215_buggy"
down_revision = "c215_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_items_count", "items", type_="check")
    op.create_check_constraint("ck_items_count", "items", "count >= -100")


def downgrade() -> None:
    op.execute("UPDATE items SET count = 0 WHERE count < 0")
    op.drop_constraint("ck_items_count", "items", type_="check")
    op.execute("ALTER TABLE items ADD CONSTRAINT ck_items_count CHECK (count >= 0) NOT VALID")
