"""Say on invoices which warehouse sends the goods"""

import sqlalchemy as sa
from alembic import op

revision = "c040_correct"
down_revision = "c040_setup"
branch_labels = None
depends_on = "c040_billing"


def upgrade() -> None:
    op.add_column("invoices", sa.Column("warehouse_id", sa.Integer()))


def downgrade() -> None:
    op.drop_column("invoices", "warehouse_id")
