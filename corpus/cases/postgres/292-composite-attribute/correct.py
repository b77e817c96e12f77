"""Places have a country"""

from alembic import op

revision = "c292_correct"
down_revision = "c292_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE place ADD ATTRIBUTE country text CASCADE")


def downgrade() -> None:
    op.execute("ALTER TYPE place DROP ATTRIBUTE country CASCADE")
