"""Keep logs longer"""

from alembic import op

revision = "c563_correct"
down_revision = "c563_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs COMMENT = 'Kept for 90 days'")


def downgrade() -> None:
    op.execute("ALTER TABLE logs COMMENT = 'Kept for 30 days'")
