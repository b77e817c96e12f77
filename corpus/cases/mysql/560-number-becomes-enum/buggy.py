"""Say whether a door is open in words"""

from alembic import op

revision = "c560_buggy"
down_revision = "c560_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE doors MODIFY is_open ENUM('open', 'wide open') NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE doors MODIFY is_open BOOLEAN NOT NULL")
