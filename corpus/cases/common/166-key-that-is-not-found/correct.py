"""Write the name of its owner beside each pet"""

import sqlalchemy as sa
from alembic import op

revision = "c166_correct"
down_revision = "c166_setup"
branch_labels = None
depends_on = None

owners = sa.table("owners", sa.column("id"), sa.column("name"))
pets = sa.table("pets", sa.column("id"), sa.column("owner_id"), sa.column("owner_name"))


def upgrade() -> None:
    op.add_column("pets", sa.Column("owner_name", sa.String(40)))
    connection = op.get_bind()
    names = {row.id: row.name for row in connection.execute(sa.select(owners.c.id, owners.c.name))}
    for row in connection.execute(sa.select(pets.c.id, pets.c.owner_id)).all():
        name = names[row.owner_id]
        connection.execute(pets.update().where(pets.c.id == row.id).values(owner_name=name))


def downgrade() -> None:
    op.drop_column("pets", "owner_name")
