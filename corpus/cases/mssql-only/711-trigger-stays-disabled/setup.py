"""Create orders"""

import sqlalchemy as sa
from alembic import op

revision = "c711_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("note", sa.Unicode(100)),
        sa.Column("changes", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER tr_orders ON orders AFTER UPDATE AS "
        "IF UPDATE(note) UPDATE orders SET changes = changes + 1 WHERE id IN (SELECT id FROM inserted)"
    )


def downgrade() -> None:
    op.drop_table("orders")
