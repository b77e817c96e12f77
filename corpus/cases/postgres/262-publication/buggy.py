"""Publish items"""

from alembic import op

revision = "c262_buggy"
down_revision = "c262_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE PUBLICATION items_feed FOR TABLE items")


def downgrade() -> None:
    pass
