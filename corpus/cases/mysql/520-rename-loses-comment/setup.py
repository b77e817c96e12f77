"""Create users, with a comment"""

import sqlalchemy as sa
from alembic import op

revision = "c520_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("mail", sa.String(120), nullable=False, comment="Where bills go"),
    )


def downgrade() -> None:
    op.drop_table("users")
