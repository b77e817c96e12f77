"""Totals are decimal"""

import sqlalchemy as sa
from alembic import op

revision = "c541_buggy"
down_revision = "c541_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE lines_sold MODIFY total DECIMAL(20, 2) AS (price * pieces) STORED")


def downgrade() -> None:
    op.alter_column(
        "lines_sold",
        "total",
        existing_type=sa.Numeric(20, 2),
        type_=sa.BigInteger(),
    )
