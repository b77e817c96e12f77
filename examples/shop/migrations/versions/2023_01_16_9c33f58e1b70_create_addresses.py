"""create addresses

Revision ID: 9c33f58e1b70
Revises: 4b1d7e0a92c3
Create Date: 2023-01-16 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "9c33f58e1b70"
down_revision = "4b1d7e0a92c3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.Integer, nullable=False),
        sa.Column("street", sa.String(200), nullable=False),
        sa.Column("city", sa.String(100), nullable=False),
        sa.Column("postcode", sa.String(16)),
        sa.Column("country", sa.String(60)),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_addresses_customer_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_addresses_customer_id", "addresses", ["customer_id"])


def downgrade() -> None:
    op.drop_index("ix_addresses_customer_id", table_name="addresses")
    op.drop_table("addresses")
