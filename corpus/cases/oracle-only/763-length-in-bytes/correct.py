"""Name a town where there is none"""

from alembic import op

revision = "c763_correct"
down_revision = "c763_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE addresses MODIFY (town DEFAULT 'nowhere')")


def downgrade() -> None:
    op.execute("ALTER TABLE addresses MODIFY (town DEFAULT NULL)")
