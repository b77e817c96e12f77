"""Nobody looks for phones"""

from alembic import op

revision = "c705_correct"
down_revision = "c705_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_users_phone", table_name="users")


def downgrade() -> None:
    op.create_index("ix_users_phone", "users", ["phone"], mssql_include=["name"])
