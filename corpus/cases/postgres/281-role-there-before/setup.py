"""Create a role for reporting"""

from alembic import op

revision = "c281_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c281_reader")


def downgrade() -> None:
    op.execute("DROP ROLE c281_reader")
