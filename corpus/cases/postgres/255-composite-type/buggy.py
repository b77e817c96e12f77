"""Add the city to addresses"""

from alembic import op

revision = "c255_buggy"
down_revision = "c255_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE address ADD ATTRIBUTE city text")


def downgrade() -> None:
    pass
