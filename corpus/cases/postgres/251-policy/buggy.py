"""Show sold items too"""

from alembic import op

revision = "c251_buggy"
down_revision = "c251_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP POLICY items_visible ON items")
    op.execute("CREATE POLICY items_visible ON items USING (count >= 0)")


def downgrade() -> None:
    op.execute("DROP POLICY items_visible ON items")
    op.execute("CREATE POLICY items_visible ON items USING (true)")
