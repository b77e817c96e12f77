"""Forget who heads a department"""

from alembic import op

revision = "c103_buggy"
down_revision = "c103_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE departments SET head_id = NULL")


def downgrade() -> None:
    pass
