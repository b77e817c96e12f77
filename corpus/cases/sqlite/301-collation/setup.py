"""Create logins"""

import sqlalchemy as sa
from alembic import op

revision = "c301_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40, collation="NOCASE"), nullable=False),
        sa.Column("note", sa.String(80)),
    )


def downgrade() -> None:
    op.drop_table("logins")
