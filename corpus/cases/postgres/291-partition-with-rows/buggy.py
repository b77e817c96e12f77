"""Forget 2024"""

from alembic import op

revision = "c291_buggy"
down_revision = "c291_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TABLE events_2024")


def downgrade() -> None:
    op.execute(
        "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
    )
