"""Keep names printable on the old badge printer"""

import sqlalchemy as sa
from alembic import op

revision = "c152_buggy"
down_revision = "c152_setup"
branch_labels = None
depends_on = None

guests = sa.table("guests", sa.column("id"), sa.column("name"))


def upgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(guests.c.id, guests.c.name)).all():
        name = row.name.encode("ascii", "ignore").decode()
        connection.execute(guests.update().where(guests.c.id == row.id).values(name=name))


def downgrade() -> None:
    pass
