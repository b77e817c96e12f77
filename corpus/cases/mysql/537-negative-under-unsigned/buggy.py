"""Balances are never negative"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c537_buggy"
down_revision = "c537_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "accounts",
        "balance",
        existing_type=sa.Integer(),
        type_=mysql.INTEGER(unsigned=True),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE accounts SET balance = 2147483647 WHERE balance > 2147483647")
    op.alter_column(
        "accounts",
        "balance",
        existing_type=mysql.INTEGER(unsigned=True),
        type_=sa.Integer(),
        existing_nullable=False,
    )
