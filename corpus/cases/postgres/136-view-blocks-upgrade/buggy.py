"""Measure larger values"""

import sqlalchemy as sa
from alembic import op

revision = "c136_buggy"
down_revision = "c136_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("sensors", "value", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade() -> None:
    op.execute(
        "ALTER TABLE sensors ALTER COLUMN value TYPE integer USING least(greatest(value, "
        "-2147483648), 2147483647)"
    )
