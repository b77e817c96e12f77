"""Bill customers"""

from alembic import op

revision = "c753_buggy"
down_revision = "c753_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE invoices (id NUMBER(10) NOT NULL PRIMARY KEY, customer_id "
        "VARCHAR2(10 CHAR) NOT NULL)"
    )
    op.execute(
        "ALTER TABLE invoices ADD CONSTRAINT fk_invoices_customer FOREIGN KEY "
        "(customer_id) REFERENCES customers (id)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE invoices")
