"""New columns of logs are plain"""

from alembic import op

revision = "c564_correct"
down_revision = "c564_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs DEFAULT CHARACTER SET latin1")


def downgrade() -> None:
    op.execute("ALTER TABLE logs DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
