"""Make room for long codes"""

import sqlalchemy as sa
from alembic import op

revision = "c513_buggy"
down_revision = "c513_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "vouchers",
        "code",
        existing_type=sa.String(20),
        type_=sa.String(40),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE vouchers SET code = left(code, 20)")
    op.alter_column(
        "vouchers",
        "code",
        existing_type=sa.String(40),
        type_=sa.String(20),
        existing_nullable=False,
    )
