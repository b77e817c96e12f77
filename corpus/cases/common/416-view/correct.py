"""List active members by name only"""

from alembic import op

revision = "c416_correct"
down_revision = "c416_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP VIEW active_members")
    op.execute("CREATE VIEW active_members AS SELECT name FROM members WHERE active")


def downgrade() -> None:
    op.execute("DROP VIEW active_members")
    op.execute("CREATE VIEW active_members AS SELECT id, name FROM members WHERE active")
