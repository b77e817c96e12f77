"""Record what becomes of members"""

import sqlalchemy as sa
from alembic import op

revision = "c183_correct"
down_revision = "c183_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("team_id", sa.Integer(), sa.ForeignKey("teams.id"), nullable=False),
        sa.Column("role", sa.String(20), sa.CheckConstraint("role IN ('lead', 'guest')"), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
    )
    op.execute(
        "INSERT INTO history (id, team_id, role, action) SELECT id, team_id, role, 'joined' FROM members"
    )


def downgrade() -> None:
    op.drop_table("history")
