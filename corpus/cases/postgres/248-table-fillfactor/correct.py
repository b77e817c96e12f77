"""Leave more room for updates"""

from alembic import op

revision = "c248_correct"
down_revision = "c248_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE items SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE items SET (fillfactor = 70)")
