"""Create logs"""

import sqlalchemy as sa
from alembic import op

revision = "c544_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("line", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("logs")
