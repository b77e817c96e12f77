"""Say who booked"""

import sqlalchemy as sa
from alembic import op

revision = "c655_correct"
down_revision = "c655_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("guest", sa.String(80)))


def downgrade() -> None:
    op.drop_column("bookings", "guest")
