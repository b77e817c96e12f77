"""Create events"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql

revision = "c707_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", mssql.DATETIME2(7), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("events")
