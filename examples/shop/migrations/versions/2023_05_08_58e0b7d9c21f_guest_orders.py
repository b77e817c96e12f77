"""allow guest orders

Revision ID: 58e0b7d9c21f
Revises: d35f1a80e6b4
Create Date: 2023-05-08 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "58e0b7d9c21f"
down_revision = "d35f1a80e6b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("customer_id", existing_type=sa.Integer, nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("customer_id", existing_type=sa.Integer, nullable=False)
