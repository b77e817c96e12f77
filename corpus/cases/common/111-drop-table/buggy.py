"""Drop sessions, which live in a cache now"""

import sqlalchemy as sa
from alembic import op

revision = "c111_buggy"
down_revision = "c111_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("sessions")


def downgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token", sa.String(64), nullable=False),
    )
