"""Create logs"""

import sqlalchemy as sa
from alembic import op

revision = "c564_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("line", sa.String(200), nullable=False),
    )
    op.execute("ALTER TABLE logs CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")


def downgrade() -> None:
    op.drop_table("logs")
