"""Count jersey orders"""

import sqlalchemy as sa
from alembic import op

revision = "c168_after"
down_revision = "c168_buggy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jersey_orders", sa.Column("count", sa.Integer()))


def downgrade() -> None:
    op.drop_column("jersey_orders", "count")
