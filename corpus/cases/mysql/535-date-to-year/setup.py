"""Create books"""

import sqlalchemy as sa
from alembic import op

revision = "c535_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("published_on", sa.Date()),
    )


def downgrade() -> None:
    op.drop_table("books")
