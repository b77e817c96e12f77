"""Create orders"""

import sqlalchemy as sa
from alembic import op

revision = "c652_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reference", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
