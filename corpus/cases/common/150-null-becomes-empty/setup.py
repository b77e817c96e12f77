"""Create profiles"""

import sqlalchemy as sa
from alembic import op

revision = "c150_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("bio", sa.Text()),
    )


def downgrade() -> None:
    op.drop_table("profiles")
