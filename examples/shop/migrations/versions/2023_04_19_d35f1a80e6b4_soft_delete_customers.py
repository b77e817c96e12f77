"""let deleted customers sign up again

Revision ID: d35f1a80e6b4
Revises: 07c9e5b2f48d
Create Date: 2023-04-19 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "d35f1a80e6b4"
down_revision = "07c9e5b2f48d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("deleted_at", sa.DateTime))
    op.drop_index("ix_customers_email", table_name="customers")
    op.create_index(
        "ix_customers_email_active",
        "customers",
        ["email"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_customers_email_active", table_name="customers")
    op.create_index("ix_customers_email", "customers", ["email"])
    op.drop_column("customers", "deleted_at")
