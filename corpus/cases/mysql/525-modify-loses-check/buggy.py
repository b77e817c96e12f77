"""Explain the numbers of seats"""

import sqlalchemy as sa
from alembic import op

revision = "c525_buggy"
down_revision = "c525_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "seats",
        "number",
        existing_type=sa.Integer(),
        existing_nullable=False,
        comment="As it is painted on the seat",
    )


def downgrade() -> None:
    op.alter_column(
        "seats",
        "number",
        existing_type=sa.Integer(),
        existing_nullable=False,
        existing_comment="As it is painted on the seat",
        comment=None,
    )
