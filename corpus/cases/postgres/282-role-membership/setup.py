"""Create staff and one of them"""

from alembic import op

revision = "c282_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c282_staff")
    op.execute("CREATE ROLE c282_reader LOGIN IN ROLE c282_staff")


def downgrade() -> None:
    op.execute("DROP ROLE c282_reader")
    op.execute("DROP ROLE c282_staff")
