"""Keep the orders that were sent apart"""

from alembic import op

revision = "c180_buggy"
down_revision = "c180_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE sent_orders AS SELECT id, customer_id, state FROM orders WHERE state = 'sent'")
    op.execute("DELETE FROM orders WHERE state = 'sent'")


def downgrade() -> None:
    op.execute("INSERT INTO orders (id, customer_id, state) SELECT id, customer_id, state FROM sent_orders")
    op.drop_table("sent_orders")
