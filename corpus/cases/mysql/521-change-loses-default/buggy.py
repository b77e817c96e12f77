"""Call orders.state status"""

from alembic import op

revision = "c521_buggy"
down_revision = "c521_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders CHANGE state status VARCHAR(20)")


def downgrade() -> None:
    op.execute("ALTER TABLE orders CHANGE status state VARCHAR(20)")
