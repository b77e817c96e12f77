"""Store whole seconds"""

from alembic import op

revision = "c153_buggy"
down_revision = "c153_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE readings SET taken_at = date_trunc('second', taken_at)")


def downgrade() -> None:
    pass
