"""Weigh tasks by their status"""

import enum

import sqlalchemy as sa
from alembic import op

revision = "c163_correct"
down_revision = "c163_setup"
branch_labels = None
depends_on = None


class Status(enum.Enum):
    OPEN = "open"
    DONE = "done"
    ARCHIVED = "archived"


status = sa.Enum(Status, values_callable=lambda labels: [label.value for label in labels])
tasks = sa.table("tasks", sa.column("id"), sa.column("status", status), sa.column("weight"))


def upgrade() -> None:
    op.add_column("tasks", sa.Column("weight", sa.Integer()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(tasks.c.id, tasks.c.status)).all():
        weight = 1 if row.status is Status.OPEN else 0
        connection.execute(tasks.update().where(tasks.c.id == row.id).values(weight=weight))


def downgrade() -> None:
    op.drop_column("tasks", "weight")
