"""Hide names of items"""

from alembic import op

revision = "c241_buggy"
down_revision = "c241_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE SELECT (name) ON items FROM PUBLIC")


def downgrade() -> None:
    pass
