"""Find active users by phone"""

from alembic import op

revision = "c704_buggy"
down_revision = "c704_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_users_phone", table_name="users")
    op.create_index("ix_users_active_phone", "users", ["active", "phone"])


def downgrade() -> None:
    op.drop_index("ix_users_active_phone", table_name="users")
    op.create_index("ix_users_phone", "users", ["phone"])
