"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "c704_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("phone", sa.Unicode(30)),
        sa.Column("active", sa.Integer(), nullable=False),
    )
    op.create_index(
        "ix_users_phone", "users", ["phone"], mssql_where=sa.text("phone IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table("users")
