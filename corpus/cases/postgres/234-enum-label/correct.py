"""Allow urgent tickets"""

from alembic import op

revision = "c234_correct"
down_revision = "c234_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE priority ADD VALUE IF NOT EXISTS 'urgent'")


def downgrade() -> None:
    op.execute("UPDATE tickets SET priority = 'high' WHERE priority = 'urgent'")
    op.execute("ALTER TYPE priority RENAME TO priority_old")
    op.execute("CREATE TYPE priority AS ENUM ('low', 'high')")
    op.execute(
        "ALTER TABLE tickets ALTER COLUMN priority TYPE priority USING priority::text::priority"
    )
    op.execute("DROP TYPE priority_old")
