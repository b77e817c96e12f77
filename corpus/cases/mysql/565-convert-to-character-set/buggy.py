"""Store notes as UTF-8"""

from alembic import op

revision = "c565_buggy"
down_revision = "c565_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notes CONVERT TO CHARACTER SET utf8mb4")


def downgrade() -> None:
    op.execute("ALTER TABLE notes CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci")
