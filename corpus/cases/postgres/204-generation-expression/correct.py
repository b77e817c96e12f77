"""Count the wrapping"""

import sqlalchemy as sa
from alembic import op

revision = "c204_correct"
down_revision = "c204_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("boxes", "volume")
    op.add_column(
        "boxes",
        sa.Column("volume", sa.Integer(), sa.Computed("width::integer + height", persisted=True)),
    )


def downgrade() -> None:
    op.drop_column("boxes", "volume")
    op.add_column(
        "boxes",
        sa.Column("volume", sa.Integer(), sa.Computed("width::integer * height", persisted=True)),
    )
