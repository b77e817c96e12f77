"""Keep 2025 together with 2024"""

from alembic import op

revision = "c247_correct"
down_revision = "c247_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2024")
    op.execute(
        "WITH moved AS (DELETE FROM measurements_rest WHERE taken_on >= '2025-01-01' AND "
        "taken_on < '2026-01-01' RETURNING *) INSERT INTO measurements_2024 SELECT * FROM "
        "moved"
    )
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2024 FOR VALUES FROM "
        "('2024-01-01') TO ('2026-01-01')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2024")
    op.execute(
        "WITH moved AS (DELETE FROM measurements_2024 WHERE taken_on >= '2025-01-01' AND "
        "taken_on < '2026-01-01' RETURNING *) INSERT INTO measurements_rest SELECT * FROM "
        "moved"
    )
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2024 FOR VALUES FROM "
        "('2024-01-01') TO ('2025-01-01')"
    )
