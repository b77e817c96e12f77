"""The reader is no staff any more"""

from alembic import op

revision = "c282_buggy"
down_revision = "c282_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE c282_staff FROM c282_reader")


def downgrade() -> None:
    pass
