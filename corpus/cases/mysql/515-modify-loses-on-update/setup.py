"""Create notes that say when they were changed"""

from alembic import op

revision = "c515_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notes (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, body TEXT NOT NULL, "
        "changed_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"
    )


def downgrade() -> None:
    op.drop_table("notes")
