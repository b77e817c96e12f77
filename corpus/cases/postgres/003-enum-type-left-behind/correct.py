"""Create invoices"""

import sqlalchemy as sa
from alembic import op

revision = "c003_correct"
down_revision = "c003_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(30), nullable=False),
        sa.Column("status", sa.Enum("draft", "sent", name="invoice_status"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("invoices")
    sa.Enum(name="invoice_status").drop(op.get_bind())
