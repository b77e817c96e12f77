"""Call add_tax stable"""

from alembic import op

revision = "c228_buggy"
down_revision = "c228_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION add_tax(numeric) STABLE")


def downgrade() -> None:
    op.execute("ALTER FUNCTION add_tax(numeric) VOLATILE")
