"""Create members"""

import sqlalchemy as sa
from alembic import op

revision = "c183_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("teams", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("motto", sa.Text()))
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("members")
    op.drop_table("teams")
