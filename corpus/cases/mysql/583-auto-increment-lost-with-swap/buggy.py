"""Keep items that have a name"""

from alembic import op

revision = "c583_buggy"
down_revision = "c583_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE items_kept AS SELECT id, name FROM items")
    op.drop_table("items")
    op.rename_table("items_kept", "items")


def downgrade() -> None:
    pass
