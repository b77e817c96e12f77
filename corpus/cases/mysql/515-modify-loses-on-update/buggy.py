"""Explain notes.changed_at"""

import sqlalchemy as sa
from alembic import op

revision = "c515_buggy"
down_revision = "c515_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "notes",
        "changed_at",
        existing_type=sa.DateTime(),
        existing_nullable=False,
        existing_server_default=sa.text("CURRENT_TIMESTAMP"),
        comment="When the body was changed",
    )


def downgrade() -> None:
    op.alter_column(
        "notes",
        "changed_at",
        existing_type=sa.DateTime(),
        existing_nullable=False,
        existing_server_default=sa.text("CURRENT_TIMESTAMP"),
        existing_comment="When the body was changed",
        comment=None,
    )
