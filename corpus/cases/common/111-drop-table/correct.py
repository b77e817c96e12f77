"""Retire sessions, which live in a cache now"""

from alembic import op

revision = "c111_correct"
down_revision = "c111_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("sessions", "sessions_retired")


def downgrade() -> None:
    op.rename_table("sessions_retired", "sessions")
