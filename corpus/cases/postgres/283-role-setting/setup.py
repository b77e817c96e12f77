"""Create a role for reporting"""

from alembic import op

revision = "c283_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c283_reader LOGIN")


def downgrade() -> None:
    op.execute("DROP ROLE c283_reader")
