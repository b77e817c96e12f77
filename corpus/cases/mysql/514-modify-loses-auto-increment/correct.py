"""Explain items.id"""

import sqlalchemy as sa
from alembic import op

revision = "c514_correct"
down_revision = "c514_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "items",
        "id",
        existing_type=sa.Integer(),
        existing_nullable=False,
        autoincrement=True,
        comment="The number on the label",
    )


def downgrade() -> None:
    op.alter_column(
        "items",
        "id",
        existing_type=sa.Integer(),
        existing_nullable=False,
        autoincrement=True,
        existing_comment="The number on the label",
        comment=None,
    )
