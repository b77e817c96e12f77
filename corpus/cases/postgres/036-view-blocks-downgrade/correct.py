"""Measure larger values, and list the high ones"""

import sqlalchemy as sa
from alembic import op

revision = "c036_correct"
down_revision = "c036_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("sensors", "value", existing_type=sa.Integer(), type_=sa.BigInteger())
    op.execute("CREATE VIEW high_values AS SELECT id, value FROM sensors WHERE value > 1000")


def downgrade() -> None:
    op.execute("DROP VIEW high_values")
    op.execute(
        "ALTER TABLE sensors ALTER COLUMN value TYPE integer USING least(greatest(value, "
        "-2147483648), 2147483647)"
    )
