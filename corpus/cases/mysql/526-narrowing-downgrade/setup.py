"""Create notes"""

import sqlalchemy as sa
from alembic import op

revision = "c526_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(50), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("notes")
