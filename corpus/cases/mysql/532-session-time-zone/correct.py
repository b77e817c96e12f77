"""Store local times"""

from alembic import op

revision = "c532_correct"
down_revision = "c532_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN local_time DATETIME")
    op.execute("UPDATE visits SET local_time = convert_tz(started_at, '+00:00', '+02:00')")


def downgrade() -> None:
    op.drop_column("visits", "local_time")
