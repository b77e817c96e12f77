"""Forget sessions hourly"""

from alembic import op

revision = "c582_correct"
down_revision = "c582_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER EVENT forget_sessions ON SCHEDULE EVERY 1 HOUR STARTS '2035-01-01 00:00:00'")


def downgrade() -> None:
    op.execute("ALTER EVENT forget_sessions ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00'")
