"""Prepare an enum of weekdays"""

from alembic import op

revision = "c266_buggy"
down_revision = "c266_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE weekday AS ENUM ('mon', 'tue')")


def downgrade() -> None:
    pass
