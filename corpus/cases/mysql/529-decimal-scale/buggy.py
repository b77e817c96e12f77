"""Store rates in cents"""

import sqlalchemy as sa
from alembic import op

revision = "c529_buggy"
down_revision = "c529_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "rates",
        "rate",
        existing_type=sa.Numeric(12, 6),
        type_=sa.Numeric(8, 2),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "rates",
        "rate",
        existing_type=sa.Numeric(8, 2),
        type_=sa.Numeric(12, 6),
        existing_nullable=False,
    )
