"""Keep more statistics on notes"""

from alembic import op

revision = "c258_buggy"
down_revision = "c258_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STATISTICS 1000")


def downgrade() -> None:
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STATISTICS -1")
