"""Tickets can be urgent"""

from alembic import op

revision = "c557_buggy"
down_revision = "c557_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE tickets MODIFY priority ENUM('low', 'normal', 'high', 'urgent') NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE tickets MODIFY priority ENUM('low', 'normal', 'high') NOT NULL")
