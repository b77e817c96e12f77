"""Say whose order it is"""

import sqlalchemy as sa
from alembic import op

revision = "c009_buggy"
down_revision = "c009_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("customer_id", sa.Integer()))
    op.create_foreign_key(None, "orders", "customers", ["customer_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(None, "orders", type_="foreignkey")
    op.drop_column("orders", "customer_id")
