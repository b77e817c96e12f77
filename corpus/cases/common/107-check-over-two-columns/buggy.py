"""Drop the guest's name"""

import sqlalchemy as sa
from alembic import op

revision = "c107_buggy"
down_revision = "c107_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("bookings", "guest")


def downgrade() -> None:
    op.add_column("bookings", sa.Column("guest", sa.String(80)))
