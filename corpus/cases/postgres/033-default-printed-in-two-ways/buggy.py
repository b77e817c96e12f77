"""Start jobs at once"""

from alembic import op

revision = "c033_buggy"
down_revision = "c033_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'running', ALTER COLUMN attempts SET "
        "DEFAULT 1, ALTER COLUMN urgent SET DEFAULT true"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE jobs ALTER COLUMN state SET DEFAULT 'queued'::text, ALTER COLUMN "
        "attempts SET DEFAULT '2', ALTER COLUMN urgent SET DEFAULT 'f'"
    )
