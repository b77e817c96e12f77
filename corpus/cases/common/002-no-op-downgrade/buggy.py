"""Create order_notes"""

import sqlalchemy as sa
from alembic import op

revision = "c002_buggy"
down_revision = "c002_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_notes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    pass
