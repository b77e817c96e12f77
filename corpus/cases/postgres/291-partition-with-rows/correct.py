"""Put 2024 aside"""

from alembic import op

revision = "c291_correct"
down_revision = "c291_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events DETACH PARTITION events_2024")
    op.execute("ALTER TABLE events_2024 RENAME TO cold_2024")


def downgrade() -> None:
    op.execute("ALTER TABLE cold_2024 RENAME TO events_2024")
    op.execute(
        "WITH late AS (DELETE FROM events_rest WHERE at >= '2024-01-01' AND at < '2025-01-01' RETURNING *) "
        "INSERT INTO events_2024 SELECT * FROM late"
    )
    op.execute(
        "ALTER TABLE events ATTACH PARTITION events_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
    )
