"""Allow archived tickets"""

from alembic import op

revision = "c006_correct"
down_revision = "c006_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE ticket_status ADD VALUE 'archived'")


def downgrade() -> None:
    op.execute("UPDATE tickets SET status = 'closed' WHERE status = 'archived'")
    op.execute("ALTER TYPE ticket_status RENAME TO ticket_status_old")
    op.execute("CREATE TYPE ticket_status AS ENUM ('open', 'closed')")
    op.execute(
        "ALTER TABLE tickets ALTER COLUMN status TYPE ticket_status USING "
        "status::text::ticket_status"
    )
    op.execute("DROP TYPE ticket_status_old")
