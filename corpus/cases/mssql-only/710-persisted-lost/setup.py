"""Create lines"""

import sqlalchemy as sa
from alembic import op

revision = "c710_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lines",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "total",
            sa.BigInteger(),
            sa.Computed("CONVERT(bigint, price) * quantity", persisted=True),
        ),
    )


def downgrade() -> None:
    op.drop_table("lines")
