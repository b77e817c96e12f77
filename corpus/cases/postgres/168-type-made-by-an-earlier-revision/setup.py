"""Create jerseys"""

import sqlalchemy as sa
from alembic import op

revision = "c168_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jerseys",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("size", sa.Enum("s", "m", "l", name="jersey_size"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("jerseys")
    op.execute("DROP TYPE jersey_size")
