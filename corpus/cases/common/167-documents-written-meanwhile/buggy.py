"""Keep all settings in one document"""

import json

import sqlalchemy as sa
from alembic import op

revision = "c167_buggy"
down_revision = "c167_setup"
branch_labels = None
depends_on = None

profiles = sa.table("profiles", sa.column("id"), sa.column("theme"), sa.column("settings"))


def upgrade() -> None:
    op.add_column("profiles", sa.Column("settings", sa.Text()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(profiles.c.id, profiles.c.theme)).all():
        settings = str({"theme": row.theme})
        connection.execute(
            profiles.update().where(profiles.c.id == row.id).values(settings=settings)
        )
    op.drop_column("profiles", "theme")


def downgrade() -> None:
    op.add_column("profiles", sa.Column("theme", sa.String(40)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(profiles.c.id, profiles.c.settings)).all():
        if row.settings is not None:
            theme = json.loads(row.settings)["theme"]
            connection.execute(profiles.update().where(profiles.c.id == row.id).values(theme=theme))
    op.drop_column("profiles", "settings")
