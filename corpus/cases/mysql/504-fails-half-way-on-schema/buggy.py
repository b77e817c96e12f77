"""Bill customers"""

import sqlalchemy as sa
from alembic import op

revision = "c504_buggy"
down_revision = "c504_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
    )
    op.create_foreign_key(
        "fk_invoices_customer_id", "invoices", "customers", ["customer_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_table("invoices")
