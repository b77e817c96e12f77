"""Count more views than 32 bits hold"""

import sqlalchemy as sa
from alembic import op

revision = "c401_buggy"
down_revision = "c401_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pages") as batch:
        batch.alter_column(
            "views", existing_type=sa.Integer(), existing_nullable=False, type_=sa.BigInteger()
        )


def downgrade() -> None:
    pass
