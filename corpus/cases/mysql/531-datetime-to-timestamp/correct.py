"""Say when an event was entered"""

from alembic import op

revision = "c531_correct"
down_revision = "c531_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ADD COLUMN entered_at TIMESTAMP NULL")


def downgrade() -> None:
    op.drop_column("events", "entered_at")
