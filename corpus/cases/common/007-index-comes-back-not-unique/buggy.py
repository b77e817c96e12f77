"""Name the index on users.email by its purpose"""

from alembic import op

revision = "c007_buggy"
down_revision = "c007_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_users_email", table_name="users")
    op.create_index("ux_users_email", "users", ["email"], unique=True)


def downgrade() -> None:
    op.drop_index("ux_users_email", table_name="users")
    op.create_index("ix_users_email", "users", ["email"])
