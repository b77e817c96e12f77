"""Store notes as UTF-8"""

import sqlalchemy as sa
from alembic import op

revision = "c565_correct"
down_revision = "c565_setup"
branch_labels = None
depends_on = None

# What latin1 has beyond cp1252, which is what the server means by it.
EXTRA = "\x81\x8d\x8f\x90\x9d"


def in_latin1(text: str) -> str:
    """The text with a question mark for each letter that latin1 lacks."""
    return "".join(
        one if one in EXTRA else one.encode("cp1252", "replace").decode("cp1252") for one in text
    )


notes = sa.table("notes", sa.column("id"), sa.column("body"))


def upgrade() -> None:
    op.execute("ALTER TABLE notes MODIFY body MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL")


def downgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(notes.c.id, notes.c.body)).all():
        connection.execute(
            notes.update().where(notes.c.id == row.id).values(body=in_latin1(row.body)[:65535])
        )
    op.execute("ALTER TABLE notes MODIFY body TEXT NOT NULL")
