"""Hide the function add_tax"""

from alembic import op

revision = "c242_correct"
down_revision = "c242_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE EXECUTE ON FUNCTION add_tax(numeric) FROM PUBLIC")


def downgrade() -> None:
    op.execute("GRANT EXECUTE ON FUNCTION add_tax(numeric) TO PUBLIC")
