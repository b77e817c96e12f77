"""Make room for long reasons"""

import sqlalchemy as sa
from alembic import op

revision = "c533_correct"
down_revision = "c533_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "tickets",
        "reason",
        existing_type=sa.String(200),
        type_=sa.Text(),
        existing_nullable=False,
        server_default=None,
    )


def downgrade() -> None:
    op.execute("UPDATE tickets SET reason = left(reason, 200)")
    op.alter_column(
        "tickets",
        "reason",
        existing_type=sa.Text(),
        type_=sa.String(200),
        existing_nullable=False,
        server_default="none",
    )
