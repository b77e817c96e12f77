"""Old programs read events.at"""

from alembic import op
from sqlalchemy.dialects import mssql

revision = "c707_buggy"
down_revision = "c707_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "events",
        "at",
        existing_type=mssql.DATETIME2(7),
        existing_nullable=False,
        type_=mssql.DATETIME(),
    )


def downgrade() -> None:
    op.alter_column(
        "events",
        "at",
        existing_type=mssql.DATETIME(),
        existing_nullable=False,
        type_=mssql.DATETIME2(7),
    )
