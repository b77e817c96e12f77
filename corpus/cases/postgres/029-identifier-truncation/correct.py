"""Find measurements by station"""

from alembic import op

revision = "c029_correct"
down_revision = "c029_setup"
branch_labels = None
depends_on = None

NAME = "ix_measurements_station_and_instrument_and_channel_and_time_of_reading"


def upgrade() -> None:
    op.execute(f"CREATE INDEX {NAME} ON measurements (station, taken_at)")


def downgrade() -> None:
    op.execute(f"DROP INDEX {NAME}")
