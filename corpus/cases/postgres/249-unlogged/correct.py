"""Write items without a log"""

from alembic import op

revision = "c249_correct"
down_revision = "c249_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items SET UNLOGGED")


def downgrade() -> None:
    op.execute("ALTER TABLE items SET LOGGED")
