"""Tickets can be urgent"""

from alembic import op

revision = "c556_correct"
down_revision = "c556_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE tickets MODIFY priority ENUM('low', 'normal', 'high', 'urgent') NOT NULL"
    )


def downgrade() -> None:
    op.execute("UPDATE tickets SET priority = 'high' WHERE priority = 'urgent'")
    op.execute("ALTER TABLE tickets MODIFY priority ENUM('low', 'normal', 'high') NOT NULL")
