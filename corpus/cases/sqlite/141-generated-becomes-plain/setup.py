"""Create lines with a computed total"""

import sqlalchemy as sa
from alembic import op

revision = "c141_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lines",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("quantity", sa.SmallInteger(), nullable=False),
        sa.Column("price", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.Integer(), sa.Computed("quantity * price", persisted=False)),
    )


def downgrade() -> None:
    op.drop_table("lines")
