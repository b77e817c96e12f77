"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "c701_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Unicode(50), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("users")
