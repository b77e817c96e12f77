"""Store instants"""

from alembic import op

revision = "c030_correct"
down_revision = "c030_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE visits ALTER COLUMN started_at TYPE timestamp with time zone USING "
        "started_at AT TIME ZONE 'UTC'"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE visits ALTER COLUMN started_at TYPE timestamp without time zone USING "
        "started_at AT TIME ZONE 'UTC'"
    )
