"""Create orders, numbered by a sequence"""

import sqlalchemy as sa
from alembic import op

revision = "c651_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE order_numbers START WITH 1000 INCREMENT BY 1")
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reference", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
    op.execute("DROP SEQUENCE order_numbers")
