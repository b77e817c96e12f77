"""Create jobs"""

from alembic import op

revision = "c594_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE jobs (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, options JSON NOT NULL"
        " DEFAULT (json_object()), ratio DECIMAL(6, 3) NOT NULL DEFAULT '0.5', retries INTEGER "
        "NOT NULL DEFAULT 3, due_on DATE NOT NULL DEFAULT (curdate()), made_at DATETIME(3) NOT "
        "NULL DEFAULT CURRENT_TIMESTAMP(3))"
    )


def downgrade() -> None:
    op.drop_table("jobs")
