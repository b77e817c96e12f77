"""add a view of what customers spent

Revision ID: 6d05f9ac3b72
Revises: 3e48b6d1a07c
Create Date: 2023-09-11 09:12:44
"""

from alembic import op

revision = "6d05f9ac3b72"
down_revision = "3e48b6d1a07c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE VIEW customer_totals AS
        SELECT customers.id, customers.name, count(orders.id) AS orders, sum(orders.total_cents) AS total_cents
        FROM customers
        LEFT JOIN orders ON orders.customer_id = customers.id AND orders.status <> 'cancelled'
        WHERE customers.deleted_at IS NULL
        GROUP BY customers.id, customers.name
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW customer_totals")
