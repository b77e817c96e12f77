"""Create subscribers"""

import sqlalchemy as sa
from alembic import op

revision = "c586_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(120), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("subscribers")
