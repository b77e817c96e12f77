"""Nothing is of low priority"""

from alembic import op

revision = "c558_buggy"
down_revision = "c558_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tickets MODIFY priority ENUM('normal', 'high') NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE tickets MODIFY priority ENUM('low', 'normal', 'high') NOT NULL")
