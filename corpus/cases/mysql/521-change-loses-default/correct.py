"""Call orders.state status"""

from alembic import op

revision = "c521_correct"
down_revision = "c521_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders CHANGE state status VARCHAR(20) NOT NULL DEFAULT 'new'")


def downgrade() -> None:
    op.execute("ALTER TABLE orders CHANGE status state VARCHAR(20) NOT NULL DEFAULT 'new'")
