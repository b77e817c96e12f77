"""Keep archived items apart"""

from alembic import op

revision = "c268_correct"
down_revision = "c268_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE archived_items NO INHERIT items")


def downgrade() -> None:
    op.execute("ALTER TABLE archived_items INHERIT items")
