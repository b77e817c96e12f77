"""New tables are plain"""

from alembic import op

revision = "c544_buggy"
down_revision = "c544_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DATABASE CHARACTER SET latin1")


def downgrade() -> None:
    pass
