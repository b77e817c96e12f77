"""Create jobs"""

from alembic import op

revision = "c319_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, work TEXT NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE jobs")
