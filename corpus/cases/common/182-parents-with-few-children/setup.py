"""Create baskets"""

import sqlalchemy as sa
from alembic import op

revision = "c182_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("baskets", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table(
        "basket_lines",
        sa.Column("basket_id", sa.Integer(), sa.ForeignKey("baskets.id"), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        sa.Column("article", sa.String(40)),
    )


def downgrade() -> None:
    op.drop_table("basket_lines")
    op.drop_table("baskets")
