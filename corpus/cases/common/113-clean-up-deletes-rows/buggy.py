"""Delete empty carts"""

from alembic import op

revision = "c113_buggy"
down_revision = "c113_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM carts WHERE items = 0")


def downgrade() -> None:
    pass
