"""Keep reporting in its place"""

from alembic import op

revision = "c283_correct"
down_revision = "c283_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER ROLE c283_reader CONNECTION LIMIT 5")
    op.execute("ALTER ROLE c283_reader SET search_path = reports, public")


def downgrade() -> None:
    op.execute("ALTER ROLE c283_reader RESET search_path")
    op.execute("ALTER ROLE c283_reader CONNECTION LIMIT -1")
