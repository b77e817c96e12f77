"""Create the type temperature"""

from alembic import op

revision = "c270_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE temperature AS (degrees numeric)")


def downgrade() -> None:
    op.execute("DROP TYPE temperature")
