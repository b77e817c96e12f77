"""Create the table that is called order"""

import sqlalchemy as sa
from alembic import op

revision = "c106_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group", sa.String(40), nullable=False),
        sa.Column("userName", sa.String(40)),
        sa.Column("Unit Price", sa.Integer(), nullable=False),
    )
    op.create_index("IX_order_userName", "order", ["userName"])


def downgrade() -> None:
    op.drop_index("IX_order_userName", table_name="order")
    op.drop_table("order")
