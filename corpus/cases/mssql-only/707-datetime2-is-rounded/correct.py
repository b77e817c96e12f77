"""Old programs read events.at"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql

revision = "c707_correct"
down_revision = "c707_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column("at_rounded", mssql.DATETIME2(0), sa.Computed("CONVERT(datetime2(0), at)")),
    )


def downgrade() -> None:
    op.drop_column("events", "at_rounded")
