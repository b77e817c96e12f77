"""Keep no statistics on items"""

from alembic import op

revision = "c253_buggy"
down_revision = "c253_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP STATISTICS items_statistics")


def downgrade() -> None:
    op.execute("CREATE STATISTICS items_statistics (ndistinct) ON name, count FROM items")
