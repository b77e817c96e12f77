"""Mark bookings that are paid"""

import sqlalchemy as sa
from alembic import op

revision = "c107_correct"
down_revision = "c107_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings", sa.Column("paid", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("bookings", "paid")
