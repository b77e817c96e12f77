"""Create words"""

import sqlalchemy as sa
from alembic import op

revision = "c205_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("word", sa.String(40, collation="C"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("words")
