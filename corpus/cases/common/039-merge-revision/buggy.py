"""Merge city and motto, which nobody shows"""

import sqlalchemy as sa
from alembic import op

revision = "c039_buggy"
down_revision = ("c039_left", "c039_right")
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("teams", "motto")


def downgrade() -> None:
    op.add_column("teams", sa.Column("motto", sa.String(80)))
