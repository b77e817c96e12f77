"""Events go to the archive"""

from alembic import op

revision = "c714_buggy"
down_revision = "c714_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SCHEMA archive TRANSFER dbo.events")
    op.execute("GRANT SELECT ON archive.events TO c714_reader")


def downgrade() -> None:
    op.execute("ALTER SCHEMA dbo TRANSFER archive.events")
