"""Call clients customers"""

from alembic import op

revision = "c768_correct"
down_revision = "c768_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP SYNONYM customers")
    op.execute("ALTER TABLE clients RENAME TO customers")


def downgrade() -> None:
    op.execute("ALTER TABLE customers RENAME TO clients")
    op.execute("CREATE SYNONYM customers FOR clients")
