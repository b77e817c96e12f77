"""New columns of logs are plain"""

from alembic import op

revision = "c564_buggy"
down_revision = "c564_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs DEFAULT CHARACTER SET latin1")


def downgrade() -> None:
    pass
