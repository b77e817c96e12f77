"""Create measurements, in partitions"""

from alembic import op

revision = "c245_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE measurements (id integer NOT NULL, taken_on date NOT NULL, value "
        "integer NOT NULL, CONSTRAINT pk_measurements PRIMARY KEY (id, taken_on)) PARTITION "
        "BY RANGE (taken_on)"
    )
    op.execute(
        "CREATE TABLE measurements_2024 PARTITION OF measurements FOR VALUES FROM "
        "('2024-01-01') TO ('2025-01-01')"
    )
    op.execute("CREATE TABLE measurements_rest PARTITION OF measurements DEFAULT")


def downgrade() -> None:
    op.drop_table("measurements")
