"""Create boxes with a computed volume"""

import sqlalchemy as sa
from alembic import op

revision = "c204_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "boxes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("width", sa.SmallInteger(), nullable=False),
        sa.Column("height", sa.SmallInteger(), nullable=False),
        sa.Column("volume", sa.Integer(), sa.Computed("width::integer * height", persisted=True)),
    )


def downgrade() -> None:
    op.drop_table("boxes")
