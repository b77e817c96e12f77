"""Keep seconds, not their fractions"""

from alembic import op

revision = "c757_buggy"
down_revision = "c757_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE readings ADD (taken_at_new DATE)")
    op.execute("UPDATE readings SET taken_at_new = CAST(taken_at AS DATE)")
    op.execute("ALTER TABLE readings DROP COLUMN taken_at")
    op.execute("ALTER TABLE readings RENAME COLUMN taken_at_new TO taken_at")


def downgrade() -> None:
    op.execute("ALTER TABLE readings ADD (taken_at_new TIMESTAMP(6))")
    op.execute("UPDATE readings SET taken_at_new = taken_at")
    op.execute("ALTER TABLE readings DROP COLUMN taken_at")
    op.execute("ALTER TABLE readings RENAME COLUMN taken_at_new TO taken_at")
