"""Show secrets in hexadecimal"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c536_correct"
down_revision = "c536_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("secret_hex", mysql.LONGTEXT()))
    op.execute("UPDATE api_keys SET secret_hex = hex(secret)")


def downgrade() -> None:
    op.drop_column("api_keys", "secret_hex")
