"""Create orders"""

from alembic import op

revision = "c752_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE orders (id NUMBER(10) NOT NULL PRIMARY KEY, customer NUMBER(10) "
        "NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE orders")
