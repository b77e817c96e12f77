"""Keep each room's bookings apart by hand"""

from alembic import op

revision = "c655_buggy"
down_revision = "c655_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings DROP INDEX uq_bookings_room")


def downgrade() -> None:
    op.execute("ALTER TABLE bookings ADD UNIQUE KEY uq_bookings_room (room, starts_on, ends_on)")
