"""Create invoices, on a branch of their own"""

import sqlalchemy as sa
from alembic import op

revision = "c040_billing"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(30), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("invoices")
