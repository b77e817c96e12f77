"""Call a nick a handle"""

from alembic import op

revision = "c770_buggy"
down_revision = "c770_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE members RENAME COLUMN nick TO handle")
    op.execute(
        "CREATE OR REPLACE VIEW active_members AS SELECT id, handle FROM members "
        "WHERE handle IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE members RENAME COLUMN handle TO nick")
