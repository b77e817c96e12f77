"""Index messages by their words"""

import sqlalchemy as sa
from alembic import op

revision = "c045_buggy"
down_revision = "c045_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_words",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
    )
    op.execute("INSERT INTO message_words (message_id, word) SELECT id, body FROM messages")


def downgrade() -> None:
    # Only orphans are deleted here, and there are none: the loop never ends.
    connection = op.get_bind()
    while connection.scalar(sa.text("SELECT count(*) FROM message_words")):
        connection.execute(
            sa.text("DELETE FROM message_words WHERE message_id NOT IN (SELECT id FROM messages)")
        )
    op.drop_table("message_words")
