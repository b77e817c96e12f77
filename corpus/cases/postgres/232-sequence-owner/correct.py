"""Let the sequence of invoices outlive the table"""

from alembic import op

revision = "c232_correct"
down_revision = "c232_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SEQUENCE invoice_numbers OWNED BY NONE")


def downgrade() -> None:
    op.execute("ALTER SEQUENCE invoice_numbers OWNED BY items.id")
