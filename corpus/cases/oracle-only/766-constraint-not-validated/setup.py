"""Create orders"""

from alembic import op

revision = "c766_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE customers (id NUMBER(10) NOT NULL PRIMARY KEY)")
    op.execute(
        "CREATE TABLE orders (id NUMBER(10) NOT NULL PRIMARY KEY, customer_id "
        "NUMBER(10) NOT NULL, CONSTRAINT fk_orders_customer FOREIGN KEY (customer_id) "
        "REFERENCES customers (id))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE orders")
    op.execute("DROP TABLE customers")
