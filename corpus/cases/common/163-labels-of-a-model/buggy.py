"""Archived tasks are done"""

import enum

import sqlalchemy as sa
from alembic import op

revision = "c163_buggy"
down_revision = "c163_setup"
branch_labels = None
depends_on = None


class Status(enum.Enum):
    OPEN = "open"
    DONE = "done"
    ARCHIVED = "archived"


status = sa.Enum(Status, values_callable=lambda labels: [label.value for label in labels])
tasks = sa.table("tasks", sa.column("id"), sa.column("status", status))


def upgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(tasks.c.id, tasks.c.status)).all():
        if row.status is Status.ARCHIVED:
            text = sa.table("tasks", sa.column("id"), sa.column("status"))
            connection.execute(text.update().where(text.c.id == row.id).values(status="done"))


def downgrade() -> None:
    pass
