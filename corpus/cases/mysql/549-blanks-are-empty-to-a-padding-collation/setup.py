"""Create profiles"""

import sqlalchemy as sa
from alembic import op

revision = "c549_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("website", sa.String(200, collation="utf8mb4_general_ci"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("profiles")
