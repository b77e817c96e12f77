"""Create prices and orders"""

import sqlalchemy as sa
from alembic import op

revision = "c595_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("price_id", sa.Integer(), sa.ForeignKey("prices.id"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
    op.drop_table("prices")
