"""Call users.mail email"""

from alembic import op

revision = "c520_correct"
down_revision = "c520_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users RENAME COLUMN mail TO email")


def downgrade() -> None:
    op.execute("ALTER TABLE users RENAME COLUMN email TO mail")
