"""Create jobs"""

from alembic import op

revision = "c134_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE jobs ("
        "id INTEGER NOT NULL PRIMARY KEY, "
        "queue VARCHAR(20) DEFAULT 'main' NOT NULL, "
        "attempts INTEGER DEFAULT 0 NOT NULL, "
        "ratio FLOAT DEFAULT -1 NOT NULL, "
        "created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("jobs")
