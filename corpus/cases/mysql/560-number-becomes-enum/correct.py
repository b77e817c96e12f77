"""Say whether a door is open in words"""

from alembic import op

revision = "c560_correct"
down_revision = "c560_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE doors ADD COLUMN state ENUM('shut', 'open') AS (if(is_open, 'open', 'shut'))"
    )


def downgrade() -> None:
    op.drop_column("doors", "state")
