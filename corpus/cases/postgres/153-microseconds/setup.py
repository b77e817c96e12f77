"""Create readings"""

import sqlalchemy as sa
from alembic import op

revision = "c153_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("readings")
