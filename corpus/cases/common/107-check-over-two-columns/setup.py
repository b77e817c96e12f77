"""Create bookings that end after they start"""

import sqlalchemy as sa
from alembic import op

revision = "c107_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("guest", sa.String(80)),
        sa.CheckConstraint("ends_on > starts_on", name="ck_bookings_period"),
    )


def downgrade() -> None:
    op.drop_table("bookings")
