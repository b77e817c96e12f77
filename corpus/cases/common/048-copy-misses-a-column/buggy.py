"""Rebuild customers with a note"""

import sqlalchemy as sa
from alembic import op

revision = "c048_buggy"
down_revision = "c048_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE customers_old AS SELECT id, name FROM customers")
    op.drop_table("customers")
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("nickname", sa.String(40)),
        sa.Column("note", sa.Text()),
    )
    op.execute("INSERT INTO customers (id, name) SELECT id, name FROM customers_old")
    op.drop_table("customers_old")


def downgrade() -> None:
    op.drop_column("customers", "note")
