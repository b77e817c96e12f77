"""Index the names"""

from alembic import op

revision = "c286_correct_next"
down_revision = "c286_correct"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_items_name", "items", ["name"])


def downgrade() -> None:
    op.drop_index("ix_items_name", "items")
