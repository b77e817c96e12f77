"""Allow urgent tickets"""

from alembic import op

revision = "c235_buggy"
down_revision = "c235_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE priority ADD VALUE 'urgent'")


def downgrade() -> None:
    op.execute("UPDATE tickets SET priority = 'high' WHERE priority = 'urgent'")
    op.execute("ALTER TYPE priority RENAME TO priority_old")
    op.execute("CREATE TYPE priority AS ENUM ('high', 'low')")
    op.execute(
        "ALTER TABLE tickets ALTER COLUMN priority TYPE priority USING priority::text::priority"
    )
    op.execute("DROP TYPE priority_old")
