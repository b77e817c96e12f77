"""Nobody is active unsaid"""

from alembic import op

revision = "c702_correct"
down_revision = "c702_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT df_users_active")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD CONSTRAINT df_users_active DEFAULT 1 FOR active")
