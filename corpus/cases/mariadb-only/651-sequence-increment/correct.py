"""Number orders in tens"""

from alembic import op

revision = "c651_correct"
down_revision = "c651_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SEQUENCE order_numbers INCREMENT BY 10")


def downgrade() -> None:
    op.execute("ALTER SEQUENCE order_numbers INCREMENT BY 1")
