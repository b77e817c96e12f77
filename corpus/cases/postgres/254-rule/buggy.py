"""Allow to delete any item"""

from alembic import op

revision = "c254_buggy"
down_revision = "c254_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP RULE items_keep ON items")


def downgrade() -> None:
    op.execute(
        "CREATE RULE items_keep AS ON DELETE TO items WHERE old.count > 2000000 DO INSTEAD NOTHING"
    )
