"""Prepare ranges of prices"""

from alembic import op

revision = "c264_buggy"
down_revision = "c264_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE price_range AS RANGE (SUBTYPE = numeric)")


def downgrade() -> None:
    pass
