"""Create orders, and let reporting read them"""

import sqlalchemy as sa
from alembic import op

revision = "c280_correct_next"
down_revision = "c280_correct"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("item_id", sa.Integer, sa.ForeignKey("items.id", name="fk_orders_item"), nullable=False),
    )
    op.execute("GRANT SELECT ON orders TO c280_reader")


def downgrade() -> None:
    op.drop_table("orders")
