"""Create accounts"""

import sqlalchemy as sa
from alembic import op

revision = "c599_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(120), nullable=False, server_default="", comment="Where bills go"),
        sa.Column("plan", sa.String(20), nullable=False, server_default="free"),
    )


def downgrade() -> None:
    op.drop_table("accounts")
