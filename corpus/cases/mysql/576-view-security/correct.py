"""List active members by name only"""

from alembic import op

revision = "c576_correct"
down_revision = "c576_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE SQL SECURITY INVOKER VIEW active_members AS SELECT name FROM members "
        "WHERE active"
    )


def downgrade() -> None:
    op.execute(
        "CREATE OR REPLACE SQL SECURITY INVOKER VIEW active_members AS SELECT id, name FROM "
        "members WHERE active"
    )
