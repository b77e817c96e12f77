"""Create notes"""

import sqlalchemy as sa
from alembic import op

revision = "c258_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE notes ALTER COLUMN body SET STATISTICS 500")


def downgrade() -> None:
    op.drop_table("notes")
