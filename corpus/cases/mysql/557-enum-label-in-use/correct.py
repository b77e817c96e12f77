"""Tickets can be urgent"""

from alembic import op
from sqlalchemy.dialects import mysql

revision = "c557_correct"
down_revision = "c557_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "tickets",
        "priority",
        existing_type=mysql.ENUM("low", "normal", "high"),
        type_=mysql.ENUM("low", "normal", "high", "urgent"),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE tickets SET priority = 'high' WHERE priority = 'urgent'")
    op.alter_column(
        "tickets",
        "priority",
        existing_type=mysql.ENUM("low", "normal", "high", "urgent"),
        type_=mysql.ENUM("low", "normal", "high"),
        existing_nullable=False,
    )
