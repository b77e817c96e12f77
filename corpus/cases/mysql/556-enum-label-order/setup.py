"""Create tickets with a priority"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c556_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("priority", mysql.ENUM("low", "normal", "high"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tickets")
