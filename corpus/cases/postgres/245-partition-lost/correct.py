"""Take the measurements of 2024 out"""

from alembic import op

revision = "c245_correct"
down_revision = "c245_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2024")
    op.execute(
        "ALTER TABLE measurements_2024 ADD CONSTRAINT ck_measurements_2024 CHECK (taken_on >= "
        "'2024-01-01' AND taken_on < '2025-01-01')"
    )


def downgrade() -> None:
    op.execute(
        "WITH moved AS (DELETE FROM measurements_rest WHERE taken_on >= '2024-01-01' AND "
        "taken_on < '2025-01-01' RETURNING *) INSERT INTO measurements_2024 SELECT * FROM "
        "moved"
    )
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2024 FOR VALUES FROM "
        "('2024-01-01') TO ('2025-01-01')"
    )
    op.execute("ALTER TABLE measurements_2024 DROP CONSTRAINT ck_measurements_2024")
