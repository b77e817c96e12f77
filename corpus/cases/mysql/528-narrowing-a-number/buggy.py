"""Count more views than 32 bits hold"""

import sqlalchemy as sa
from alembic import op

revision = "c528_buggy"
down_revision = "c528_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "pages",
        "views",
        existing_type=sa.Integer(),
        type_=sa.BigInteger(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "pages",
        "views",
        existing_type=sa.BigInteger(),
        type_=sa.Integer(),
        existing_nullable=False,
    )
