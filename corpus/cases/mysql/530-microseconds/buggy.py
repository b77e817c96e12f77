"""Store whole seconds"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c530_buggy"
down_revision = "c530_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "readings",
        "taken_at",
        existing_type=mysql.DATETIME(fsp=6),
        type_=sa.DateTime(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "readings",
        "taken_at",
        existing_type=sa.DateTime(),
        type_=mysql.DATETIME(fsp=6),
        existing_nullable=False,
    )
