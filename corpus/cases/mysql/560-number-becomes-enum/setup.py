"""Create doors"""

import sqlalchemy as sa
from alembic import op

revision = "c560_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doors",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("doors")
