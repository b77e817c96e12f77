"""Count more pieces"""

from alembic import op
from sqlalchemy.dialects import mysql

revision = "c516_correct"
down_revision = "c516_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "stock",
        "pieces",
        existing_type=mysql.INTEGER(unsigned=True),
        type_=mysql.BIGINT(unsigned=True),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE stock SET pieces = 4294967295 WHERE pieces > 4294967295")
    op.alter_column(
        "stock",
        "pieces",
        existing_type=mysql.BIGINT(unsigned=True),
        type_=mysql.INTEGER(unsigned=True),
        existing_nullable=False,
    )
