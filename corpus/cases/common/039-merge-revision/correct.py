"""Merge city and motto, and find teams by city"""

from alembic import op

revision = "c039_correct"
down_revision = ("c039_left", "c039_right")
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_teams_city", "teams", ["city"])


def downgrade() -> None:
    op.drop_index("ix_teams_city", table_name="teams")
