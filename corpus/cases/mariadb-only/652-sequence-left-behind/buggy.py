"""Number orders by a sequence"""

from alembic import op

revision = "c652_buggy"
down_revision = "c652_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE order_numbers")
    op.execute(
        "ALTER TABLE orders ADD COLUMN number BIGINT NOT NULL DEFAULT (nextval(order_numbers))"
    )


def downgrade() -> None:
    op.drop_column("orders", "number")
