"""Index messages by their words"""

import sqlalchemy as sa
from alembic import op

revision = "c045_correct"
down_revision = "c045_setup"
branch_labels = None
depends_on = None

words = sa.table("message_words", sa.column("message_id"))


def upgrade() -> None:
    op.create_table(
        "message_words",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
    )
    op.execute("INSERT INTO message_words (message_id, word) SELECT id, body FROM messages")


def downgrade() -> None:
    connection = op.get_bind()
    first = sa.select(words.c.message_id).order_by(words.c.message_id).limit(100)
    while connection.scalar(sa.text("SELECT count(*) FROM message_words")):
        connection.execute(
            words.delete().where(words.c.message_id.in_(connection.scalars(first).all()))
        )
    op.drop_table("message_words")
