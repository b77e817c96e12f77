"""Delete the orders of a customer who goes"""

from alembic import op

revision = "c767_buggy"
down_revision = "c767_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders DROP CONSTRAINT fk_orders_customer")
    op.execute(
        "ALTER TABLE orders ADD CONSTRAINT fk_orders_customer FOREIGN KEY "
        "(customer_id) REFERENCES customers (id) ON DELETE CASCADE DEFERRABLE "
        "INITIALLY DEFERRED"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP CONSTRAINT fk_orders_customer")
    op.execute(
        "ALTER TABLE orders ADD CONSTRAINT fk_orders_customer FOREIGN KEY "
        "(customer_id) REFERENCES customers (id)"
    )
