"""Create shirts"""

import sqlalchemy as sa
from alembic import op

revision = "c004_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shirts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("color", sa.String(20), nullable=False),
        sa.Column("size", sa.Enum("s", "m", "l", name="shirt_size"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("shirts")
    op.execute("DROP TYPE shirt_size")
