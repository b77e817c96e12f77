"""Start with new categories"""

from alembic import op

revision = "c590_buggy"
down_revision = "c590_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET FOREIGN_KEY_CHECKS = 0")
    op.execute("DELETE FROM categories")
    op.execute("SET FOREIGN_KEY_CHECKS = 1")


def downgrade() -> None:
    pass
