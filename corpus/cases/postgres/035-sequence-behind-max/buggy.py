"""Take notes on customers"""

import sqlalchemy as sa
from alembic import op

revision = "c035_buggy"
down_revision = "c035_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("note", sa.Text()))


def downgrade() -> None:
    op.execute("CREATE TABLE customers_copy AS SELECT id, name FROM customers")
    op.drop_table("customers")
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.execute("INSERT INTO customers (id, name) SELECT id, name FROM customers_copy")
    op.drop_table("customers_copy")
