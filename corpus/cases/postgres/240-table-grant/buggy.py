"""Hide items"""

from alembic import op

revision = "c240_buggy"
down_revision = "c240_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE SELECT ON items FROM PUBLIC")


def downgrade() -> None:
    pass
