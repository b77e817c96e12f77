"""Leave totals to the application"""

import sqlalchemy as sa
from alembic import op

revision = "c141_buggy"
down_revision = "c141_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("lines", "total")


def downgrade() -> None:
    op.add_column("lines", sa.Column("total", sa.Integer()))
    op.execute("UPDATE lines SET total = quantity * price")
