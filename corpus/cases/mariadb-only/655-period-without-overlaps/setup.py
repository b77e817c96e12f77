"""Create bookings of rooms"""

from alembic import op

revision = "c655_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE bookings (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, room INTEGER NOT "
        "NULL, starts_on DATE NOT NULL, ends_on DATE NOT NULL, PERIOD FOR stay (starts_on, "
        "ends_on), UNIQUE KEY uq_bookings_room (room, stay WITHOUT OVERLAPS))"
    )


def downgrade() -> None:
    op.drop_table("bookings")
