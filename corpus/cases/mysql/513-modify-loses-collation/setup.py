"""Create vouchers, whose codes tell letter cases apart"""

import sqlalchemy as sa
from alembic import op

revision = "c513_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vouchers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(20, collation="utf8mb4_bin"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("vouchers")
