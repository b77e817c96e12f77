"""Create orders and their lines"""

import sqlalchemy as sa
from alembic import op

revision = "c104_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("customer", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
    )
    op.create_table(
        "order_lines",
        sa.Column("customer", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("note", sa.String(200)),
        sa.ForeignKeyConstraint(["customer", "number"], ["orders.customer", "orders.number"]),
    )


def downgrade() -> None:
    op.drop_table("order_lines")
    op.drop_table("orders")
