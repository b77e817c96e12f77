"""Say the status in words"""

import sqlalchemy as sa
from alembic import op

revision = "c165_correct"
down_revision = "c165_setup"
branch_labels = None
depends_on = None

tickets = sa.table("tickets", sa.column("id"), sa.column("status"), sa.column("word"))
WORDS = {1: "open", 2: "closed"}


def upgrade() -> None:
    op.add_column("tickets", sa.Column("word", sa.String(10)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(tickets.c.id, tickets.c.status)).all():
        word = WORDS[row.status]
        connection.execute(tickets.update().where(tickets.c.id == row.id).values(word=word))


def downgrade() -> None:
    op.drop_column("tickets", "word")
