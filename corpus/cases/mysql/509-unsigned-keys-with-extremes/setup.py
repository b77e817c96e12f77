"""Create tokens"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c509_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", mysql.BIGINT(unsigned=True), primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tokens")
