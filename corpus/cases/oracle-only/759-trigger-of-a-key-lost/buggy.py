"""Let the program number tickets"""

from alembic import op

revision = "c759_buggy"
down_revision = "c759_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER tr_tickets_id")


def downgrade() -> None:
    pass
