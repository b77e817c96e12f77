"""Find measurements by station"""

import sqlalchemy as sa
from alembic import op

revision = "c029_buggy"
down_revision = "c029_setup"
branch_labels = None
depends_on = None

NAME = "ix_measurements_station_and_instrument_and_channel_and_time_of_reading"


def upgrade() -> None:
    op.execute(f"CREATE INDEX {NAME} ON measurements (station, taken_at)")


def downgrade() -> None:
    indexes = sa.inspect(op.get_bind()).get_indexes("measurements")
    if NAME in [index["name"] for index in indexes]:
        op.execute(f"DROP INDEX {NAME}")
