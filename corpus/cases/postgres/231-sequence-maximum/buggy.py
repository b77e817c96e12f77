"""Allow nine digits for invoices"""

from alembic import op

revision = "c231_buggy"
down_revision = "c231_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SEQUENCE invoice_numbers MAXVALUE 999999999")


def downgrade() -> None:
    op.execute("ALTER SEQUENCE invoice_numbers NO MAXVALUE")
