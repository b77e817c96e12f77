"""Create the function add_tax"""

from alembic import op

revision = "c242_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION add_tax(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ "
        "SELECT amount * 1.19 $$"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION add_tax(numeric)")
