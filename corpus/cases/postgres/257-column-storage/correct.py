"""Compress long notes"""

from alembic import op

revision = "c257_correct"
down_revision = "c257_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STORAGE EXTENDED")


def downgrade() -> None:
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STORAGE EXTERNAL")
