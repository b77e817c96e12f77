"""Make room for long pages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c534_correct"
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
    op.execute("UPDATE pages SET body = left(body, 16383) WHERE octet_length(body) > 65535")
    op.alter_column(
        "pages",
        "body",
        existing_type=mysql.MEDIUMTEXT(),
        type_=sa.Text(),
        existing_nullable=False,
    )
