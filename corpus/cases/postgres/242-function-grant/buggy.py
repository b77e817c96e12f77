"""Hide the function add_tax"""

from alembic import op

revision = "c242_buggy"
down_revision = "c242_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE EXECUTE ON FUNCTION add_tax(numeric) FROM PUBLIC")


def downgrade() -> None:
    pass
