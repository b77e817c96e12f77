"""drop phone numbers

Revision ID: 07c9e5b2f48d
Revises: b84e2c6d07a1
Create Date: 2023-04-03 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "07c9e5b2f48d"
down_revision = "b84e2c6d07a1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody calls customers any more.
    with op.batch_alter_table("customers") as customers:
        customers.drop_column("phone")


def downgrade() -> None:
    with op.batch_alter_table("customers") as customers:
        customers.add_column(sa.Column("phone", sa.String(32)))
