"""Write names in any script"""

import sqlalchemy as sa
from alembic import op

revision = "c566_correct"
down_revision = "c566_setup"
branch_labels = None
depends_on = None

# What latin1 has beyond cp1252, which is what the server means by it.
EXTRA = "\x81\x8d\x8f\x90\x9d"


def in_latin1(text: str) -> str:
    """The text with a question mark for each letter that latin1 lacks."""
    return "".join(
        one if one in EXTRA else one.encode("cp1252", "replace").decode("cp1252") for one in text
    )


people = sa.table("people", sa.column("id"), sa.column("name"))


def upgrade() -> None:
    op.execute("ALTER TABLE people MODIFY name VARCHAR(80) CHARACTER SET utf8mb4 NOT NULL")


def downgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(people.c.id, people.c.name)).all():
        connection.execute(
            people.update().where(people.c.id == row.id).values(name=in_latin1(row.name))
        )
    op.execute("ALTER TABLE people MODIFY name VARCHAR(80) NOT NULL")
