"""Call clients customers and bills invoices"""

from alembic import op

revision = "c540_correct"
down_revision = "c540_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("clients", "customers")
    op.rename_table("bills", "invoices")


def downgrade() -> None:
    op.rename_table("invoices", "bills")
    op.rename_table("customers", "clients")
