"""Post as well"""

from alembic import op

revision = "c293_correct"
down_revision = "c293_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE channel ADD VALUE 'post'")


def downgrade() -> None:
    op.execute("UPDATE notices SET channels = array_remove(channels, 'post')")
    op.execute("ALTER TYPE channel RENAME TO channel_new")
    op.execute("CREATE TYPE channel AS ENUM ('mail', 'sms')")
    op.execute("ALTER TABLE notices ALTER channels TYPE channel[] USING channels::text[]::channel[]")
    op.execute("DROP TYPE channel_new")
