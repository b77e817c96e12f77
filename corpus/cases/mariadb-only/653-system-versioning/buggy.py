"""Contracts do not change"""

from alembic import op

revision = "c653_buggy"
down_revision = "c653_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE contracts DROP SYSTEM VERSIONING")


def downgrade() -> None:
    pass
