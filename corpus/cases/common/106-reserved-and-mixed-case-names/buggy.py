"""Drop the userName of an order"""

import sqlalchemy as sa
from alembic import op

revision = "c106_buggy"
down_revision = "c106_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("IX_order_userName", table_name="order")
    op.drop_column("order", "userName")


def downgrade() -> None:
    op.add_column("order", sa.Column("userName", sa.String(40)))
    op.create_index("IX_order_userName", "order", ["userName"])
