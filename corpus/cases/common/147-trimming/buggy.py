"""Trim labels"""

from alembic import op

revision = "c147_buggy"
down_revision = "c147_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE tags SET label = trim(label)")


def downgrade() -> None:
    pass
