"""Number orders by customer"""

from alembic import op

revision = "c752_buggy"
down_revision = "c752_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_orders_customer")
    op.execute("CREATE INDEX ix_orders_customer ON orders (customer, id)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_orders_customer")
