"""Make room for long tokens"""

from alembic import op

revision = "c517_buggy"
down_revision = "c517_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users MODIFY token VARCHAR(80)")


def downgrade() -> None:
    op.execute("UPDATE users SET token = left(token, 40)")
    op.execute("ALTER TABLE users MODIFY token VARCHAR(40)")
