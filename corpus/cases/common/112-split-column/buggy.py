"""Split full_name into given and family name"""

import sqlalchemy as sa
from alembic import op

revision = "c112_buggy"
down_revision = "c112_setup"
branch_labels = None
depends_on = None

people = sa.table(
    "people",
    sa.column("id"),
    sa.column("full_name"),
    sa.column("given_name"),
    sa.column("family_name"),
)


def upgrade() -> None:
    op.add_column("people", sa.Column("given_name", sa.String(100)))
    op.add_column("people", sa.Column("family_name", sa.String(100)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(people.c.id, people.c.full_name)).all():
        given, _, family = row.full_name.strip().partition(" ")
        connection.execute(
            people.update()
            .where(people.c.id == row.id)
            .values(given_name=given, family_name=family or None)
        )
    op.drop_column("people", "full_name")


def downgrade() -> None:
    op.add_column(
        "people", sa.Column("full_name", sa.String(100), nullable=False, server_default="")
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(people.c.id, people.c.given_name, people.c.family_name)
    ).all()
    for row in rows:
        name = " ".join(part for part in (row.given_name, row.family_name) if part)
        connection.execute(
            people.update().where(people.c.id == row.id).values(full_name=name[:100])
        )
    with op.batch_alter_table("people") as batch:
        batch.alter_column("full_name", existing_type=sa.String(100), server_default=None)
    op.drop_column("people", "family_name")
    op.drop_column("people", "given_name")
