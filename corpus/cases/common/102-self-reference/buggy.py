"""Flatten the hierarchy"""

from alembic import op

revision = "c102_buggy"
down_revision = "c102_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE employees SET manager_id = NULL")


def downgrade() -> None:
    pass
