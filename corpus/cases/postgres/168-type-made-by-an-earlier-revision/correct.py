"""Create jersey orders"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c168_correct"
down_revision = "c168_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jersey_orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("size", postgresql.ENUM(name="jersey_size", create_type=False), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("jersey_orders")
