"""Create a role for reporting"""

from alembic import op

revision = "c287_correct_left"
down_revision = "c287_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE ROLE c287_reader")


def downgrade() -> None:
    op.execute("DROP ROLE c287_reader")
