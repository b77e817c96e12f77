"""Create visits"""

import sqlalchemy as sa
from alembic import op

revision = "c532_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("started_at", sa.TIMESTAMP(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("visits")
