"""Store points in time"""

import sqlalchemy as sa
from alembic import op

revision = "c531_buggy"
down_revision = "c531_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "events",
        "starts_at",
        existing_type=sa.DateTime(),
        type_=sa.TIMESTAMP(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "events",
        "starts_at",
        existing_type=sa.TIMESTAMP(),
        type_=sa.DateTime(),
        existing_nullable=False,
    )
