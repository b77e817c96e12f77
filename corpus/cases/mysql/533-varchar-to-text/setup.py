"""Create tickets"""

import sqlalchemy as sa
from alembic import op

revision = "c533_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False, server_default="none"),
    )


def downgrade() -> None:
    op.drop_table("tickets")
