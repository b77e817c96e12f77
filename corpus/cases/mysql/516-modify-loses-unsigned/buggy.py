"""Count more pieces"""

import sqlalchemy as sa
from alembic import op

revision = "c516_buggy"
down_revision = "c516_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "stock",
        "pieces",
        existing_type=sa.Integer(),
        type_=sa.BigInteger(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "stock",
        "pieces",
        existing_type=sa.BigInteger(),
        type_=sa.Integer(),
        existing_nullable=False,
    )
