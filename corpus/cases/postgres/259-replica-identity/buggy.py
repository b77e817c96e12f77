"""Replicate items by their whole rows"""

from alembic import op

revision = "c259_buggy"
down_revision = "c259_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items REPLICA IDENTITY FULL")


def downgrade() -> None:
    pass
