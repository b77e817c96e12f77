"""Create people in latin1"""

import sqlalchemy as sa
from alembic import op

revision = "c566_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        mysql_charset="latin1",
        mysql_collate="latin1_swedish_ci",
    )


def downgrade() -> None:
    op.drop_table("people")
