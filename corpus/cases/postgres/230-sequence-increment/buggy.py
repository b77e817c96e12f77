"""Number invoices in steps of ten"""

from alembic import op

revision = "c230_buggy"
down_revision = "c230_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SEQUENCE invoice_numbers INCREMENT BY 10")


def downgrade() -> None:
    pass
