"""Count more views than 32 bits hold"""

import sqlalchemy as sa
from alembic import op

revision = "c401_correct"
down_revision = "c401_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pages") as batch:
        batch.alter_column(
            "views", existing_type=sa.Integer(), existing_nullable=False, type_=sa.BigInteger()
        )


def downgrade() -> None:
    op.execute("UPDATE pages SET views = 2147483647 WHERE views > 2147483647")
    op.execute("UPDATE pages SET views = -2147483648 WHERE views < -2147483648")
    with op.batch_alter_table("pages") as batch:
        batch.alter_column(
            "views", existing_type=sa.BigInteger(), existing_nullable=False, type_=sa.Integer()
        )
