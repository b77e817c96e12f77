"""No more text messages"""

from alembic import op

revision = "c293_buggy"
down_revision = "c293_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE channel RENAME TO channel_old")
    op.execute("CREATE TYPE channel AS ENUM ('mail')")
    op.execute(
        "ALTER TABLE notices ALTER channels TYPE channel[] "
        "USING array_remove(channels, 'sms')::text[]::channel[]"
    )
    op.execute("DROP TYPE channel_old")


def downgrade() -> None:
    op.execute("ALTER TYPE channel ADD VALUE 'sms'")
