"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "c585_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("phone", sa.String(20)),
    )


def downgrade() -> None:
    op.drop_table("users")
