"""Keep a name for the old badge printer"""

import sqlalchemy as sa
from alembic import op

revision = "c152_correct"
down_revision = "c152_setup"
branch_labels = None
depends_on = None

guests = sa.table("guests", sa.column("id"), sa.column("name"), sa.column("badge_name"))


def upgrade() -> None:
    op.add_column("guests", sa.Column("badge_name", sa.String(80)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(guests.c.id, guests.c.name)).all():
        name = row.name.encode("ascii", "ignore").decode()
        connection.execute(guests.update().where(guests.c.id == row.id).values(badge_name=name))


def downgrade() -> None:
    op.drop_column("guests", "badge_name")
