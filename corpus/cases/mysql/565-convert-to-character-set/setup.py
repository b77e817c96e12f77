"""Create notes in latin1"""

import sqlalchemy as sa
from alembic import op

revision = "c565_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        mysql_charset="latin1",
        mysql_collate="latin1_swedish_ci",
    )


def downgrade() -> None:
    op.drop_table("notes")
