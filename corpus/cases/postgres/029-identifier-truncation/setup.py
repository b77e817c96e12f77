"""Create measurements"""

import sqlalchemy as sa
from alembic import op

revision = "c029_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("station", sa.String(40), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("measurements")
