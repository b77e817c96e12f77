"""Merge city and motto"""

revision = "c039_merge"
down_revision = ("c039_left", "c039_right")
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
