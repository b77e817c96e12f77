"""Give an order a "select" column and index its unit price"""

import sqlalchemy as sa
from alembic import op

revision = "c106_correct"
down_revision = "c106_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("select", sa.Boolean()))
    op.create_index("IX_order_Unit Price", "order", ["Unit Price"])


def downgrade() -> None:
    op.drop_index("IX_order_Unit Price", table_name="order")
    op.drop_column("order", "select")
