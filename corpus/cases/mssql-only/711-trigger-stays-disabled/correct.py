"""Nothing happens to notes"""

from alembic import op

revision = "c711_correct"
down_revision = "c711_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DISABLE TRIGGER tr_orders ON orders")
    op.execute("UPDATE orders SET note = note")
    op.execute("ENABLE TRIGGER tr_orders ON orders")


def downgrade() -> None:
    pass
