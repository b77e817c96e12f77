"""The next table is plain"""

import sqlalchemy as sa
from alembic import op

revision = "c544_correct"
down_revision = "c544_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plain_logs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("line", sa.String(200), nullable=False),
        mysql_charset="latin1",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    op.drop_table("plain_logs")
