"""Create orders"""

import sqlalchemy as sa
from alembic import op

revision = "c180_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer_id", sa.Integer(), sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint("state IN ('new', 'paid', 'sent')", name="orders_state"),
    )


def downgrade() -> None:
    op.drop_table("orders")
    op.drop_table("customers")
