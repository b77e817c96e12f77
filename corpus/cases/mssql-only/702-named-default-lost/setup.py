"""Create users"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql

revision = "c702_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("active", mssql.BIT(), nullable=False),
    )
    op.execute("ALTER TABLE users ADD CONSTRAINT df_users_active DEFAULT 1 FOR active")


def downgrade() -> None:
    op.drop_table("users")
