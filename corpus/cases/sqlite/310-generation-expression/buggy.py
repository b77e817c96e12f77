"""Count the wrapping"""

import sqlalchemy as sa
from alembic import op

revision = "c310_buggy"
down_revision = "c310_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("boxes", "volume")
    op.add_column(
        "boxes",
        sa.Column("volume", sa.Integer(), sa.Computed("(width + 1) * height", persisted=False)),
    )


def downgrade() -> None:
    op.drop_column("boxes", "volume")
    op.add_column(
        "boxes", sa.Column("volume", sa.Integer(), sa.Computed("width * height", persisted=False))
    )
