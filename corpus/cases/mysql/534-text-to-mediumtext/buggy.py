"""Make room for long pages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c534_buggy"
down_revision = "c534_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "pages",
        "body",
        existing_type=sa.Text(),
        type_=mysql.MEDIUMTEXT(),
        existing_nullable=False,
    )


def downgrade() -> None:
    pass
