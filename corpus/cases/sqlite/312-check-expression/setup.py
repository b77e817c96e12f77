"""Create stock"""

import sqlalchemy as sa
from alembic import op

revision = "c312_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stock",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 0", name="ck_stock_count"),
    )


def downgrade() -> None:
    op.drop_table("stock")
