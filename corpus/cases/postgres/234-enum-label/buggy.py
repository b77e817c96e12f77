"""Allow urgent tickets"""

from alembic import op

revision = "c234_buggy"
down_revision = "c234_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE priority ADD VALUE IF NOT EXISTS 'urgent'")


def downgrade() -> None:
    pass
