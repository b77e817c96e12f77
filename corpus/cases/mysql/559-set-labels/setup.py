"""Create shops"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c559_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shops",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("days", mysql.SET("mon", "tue", "wed"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("shops")
