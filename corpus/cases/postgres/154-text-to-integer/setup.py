"""Create lockers"""

import sqlalchemy as sa
from alembic import op

revision = "c154_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lockers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lockers")
