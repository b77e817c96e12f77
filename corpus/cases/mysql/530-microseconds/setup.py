"""Create readings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c530_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("taken_at", mysql.DATETIME(fsp=6), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("readings")
