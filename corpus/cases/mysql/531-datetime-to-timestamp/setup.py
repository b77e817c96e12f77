"""Create events"""

import sqlalchemy as sa
from alembic import op

revision = "c531_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("events")
