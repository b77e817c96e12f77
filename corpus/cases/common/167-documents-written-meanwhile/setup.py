"""Create profiles"""

import sqlalchemy as sa
from alembic import op

revision = "c167_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("theme", sa.String(40)),
    )


def downgrade() -> None:
    op.drop_table("profiles")
