"""Create receipts, whose numbers are never given twice"""

import sqlalchemy as sa
from alembic import op

revision = "c302_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("payer", sa.String(80), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("receipts")
