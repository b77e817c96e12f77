"""Create sessions, and forget them daily"""

import sqlalchemy as sa
from alembic import op

revision = "c582_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token", sa.String(64), nullable=False),
    )
    op.execute(
        "CREATE EVENT forget_sessions ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO "
        "DELETE FROM sessions WHERE id < 0"
    )


def downgrade() -> None:
    op.execute("DROP EVENT forget_sessions")
    op.drop_table("sessions")
