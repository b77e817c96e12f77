"""Prepare the measurements of 2030"""

from alembic import op

revision = "c246_correct"
down_revision = "c246_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE measurements_2030 (LIKE measurements)")
    op.execute(
        "WITH moved AS (DELETE FROM measurements_rest WHERE taken_on >= '2030-01-01' AND "
        "taken_on < '2031-01-01' RETURNING *) INSERT INTO measurements_2030 SELECT * FROM "
        "moved"
    )
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2030 FOR VALUES FROM "
        "('2030-01-01') TO ('2031-01-01')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2030")
    op.execute("INSERT INTO measurements SELECT * FROM measurements_2030")
    op.execute("DROP TABLE measurements_2030")
