"""Comment on jobs for a while"""

from alembic import op

revision = "c594_correct"
down_revision = "c594_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE jobs MODIFY options JSON NOT NULL DEFAULT (JSON_OBJECT()) COMMENT 'What to "
        "do'"
    )
    op.execute(
        "ALTER TABLE jobs MODIFY ratio DECIMAL(6, 3) NOT NULL DEFAULT 0.5 COMMENT 'How much of "
        "it'"
    )
    op.execute("ALTER TABLE jobs MODIFY retries INT NOT NULL DEFAULT '3' COMMENT 'How often'")
    op.execute(
        "ALTER TABLE jobs MODIFY made_at DATETIME(3) NOT NULL DEFAULT NOW(3) COMMENT 'Since when'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE jobs MODIFY options JSON NOT NULL DEFAULT (JSON_OBJECT())")
    op.execute("ALTER TABLE jobs MODIFY ratio DECIMAL(6, 3) NOT NULL DEFAULT 0.500")
    op.execute("ALTER TABLE jobs MODIFY retries INT NOT NULL DEFAULT '3'")
    op.execute("ALTER TABLE jobs MODIFY made_at DATETIME(3) NOT NULL DEFAULT NOW(3)")
