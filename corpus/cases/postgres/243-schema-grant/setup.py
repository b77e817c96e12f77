"""Create the schema reporting for everybody to use"""

from alembic import op

revision = "c243_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA reporting")
    op.execute("GRANT USAGE ON SCHEMA reporting TO PUBLIC")


def downgrade() -> None:
    op.execute("DROP SCHEMA reporting")
