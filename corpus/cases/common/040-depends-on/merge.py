"""Merge the branch that is depended upon, which leaves one head"""

from alembic import op

revision = "c040_merge"
down_revision = ("c040_correct", "c040_billing")
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_invoices_warehouse_id", "invoices", ["warehouse_id"])


def downgrade() -> None:
    op.drop_index("ix_invoices_warehouse_id", table_name="invoices")
