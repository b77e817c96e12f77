"""Find orders by customer"""

import sqlalchemy as sa
from alembic import op

revision = "c160_correct"
down_revision = "c160_setup"
branch_labels = None
depends_on = None

chores = sa.table("chores", sa.column("name"))
MARK = "index-orders"


def upgrade() -> None:
    connection = op.get_bind()
    done = sa.select(sa.func.count()).select_from(chores).where(chores.c.name == MARK)
    if connection.scalar(done) == 0:
        op.create_index("ix_orders_customer", "orders", ["customer"])
        connection.execute(chores.insert().values(name=MARK))


def downgrade() -> None:
    op.drop_index("ix_orders_customer", table_name="orders")
    op.execute(chores.delete().where(chores.c.name == MARK))
