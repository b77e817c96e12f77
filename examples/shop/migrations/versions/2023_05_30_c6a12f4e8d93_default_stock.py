"""new products have no stock

Revision ID: c6a12f4e8d93
Revises: 58e0b7d9c21f
Create Date: 2023-05-30 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "c6a12f4e8d93"
down_revision = "58e0b7d9c21f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("products") as products:
        products.alter_column("stock", existing_type=sa.Integer, existing_nullable=False, server_default="0")


def downgrade() -> None:
    with op.batch_alter_table("products") as products:
        products.alter_column("stock", existing_type=sa.Integer, existing_nullable=False, server_default=None)
