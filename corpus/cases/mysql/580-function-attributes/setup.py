"""Create prices, and a function"""

import sqlalchemy as sa
from alembic import op

revision = "c580_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION with_tax(amount DECIMAL(10, 2)) RETURNS DECIMAL(10, 2) DETERMINISTIC NO "
        "SQL RETURN amount * 1.19"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION with_tax")
    op.drop_table("prices")
