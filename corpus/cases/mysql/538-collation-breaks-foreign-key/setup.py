"""Create readers by their card"""

import sqlalchemy as sa
from alembic import op

revision = "c538_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readers",
        sa.Column("card", sa.String(20, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("readers")
