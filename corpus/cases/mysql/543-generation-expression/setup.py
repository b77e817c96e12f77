"""Create lines with a total"""

import sqlalchemy as sa
from alembic import op

revision = "c543_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lines_sold",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), sa.Computed("price * pieces", persisted=True)),
    )


def downgrade() -> None:
    op.drop_table("lines_sold")
