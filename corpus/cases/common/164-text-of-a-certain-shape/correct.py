"""Show the kind of a widget"""

import json

import sqlalchemy as sa
from alembic import op

revision = "c164_correct"
down_revision = "c164_setup"
branch_labels = None
depends_on = None

widgets = sa.table("widgets", sa.column("id"), sa.column("document"), sa.column("kind"))


def upgrade() -> None:
    op.add_column("widgets", sa.Column("kind", sa.String(80)))
    connection = op.get_bind()
    for row in connection.execute(sa.select(widgets.c.id, widgets.c.document)).all():
        kind = json.loads(row.document)["kind"]
        connection.execute(widgets.update().where(widgets.c.id == row.id).values(kind=kind))


def downgrade() -> None:
    op.drop_column("widgets", "kind")
