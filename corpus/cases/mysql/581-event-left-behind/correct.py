"""Forget sessions daily"""

from alembic import op

revision = "c581_correct"
down_revision = "c581_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE EVENT forget_sessions ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO "
        "DELETE FROM sessions WHERE id < 0"
    )


def downgrade() -> None:
    op.execute("DROP EVENT forget_sessions")
