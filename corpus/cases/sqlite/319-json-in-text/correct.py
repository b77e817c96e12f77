"""Call the limit duration"""

from alembic import op

revision = "c319_correct"
down_revision = "c319_setup"
branch_labels = None
depends_on = None


def rename(old: str, new: str) -> None:
    op.execute(
        f"UPDATE jobs SET work = json_remove(json_set(work, '$.{new}', json_extract(work, '$.{old}')), '$.{old}') "
        f"WHERE json_type(work, '$.{old}') IS NOT NULL"
    )


def upgrade() -> None:
    rename("limit", "duration")


def downgrade() -> None:
    rename("duration", "limit")
