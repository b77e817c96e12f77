"""Create events"""

from alembic import op

revision = "c291_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE events (id integer NOT NULL, at timestamptz NOT NULL, kind text) PARTITION BY RANGE (at)"
    )
    op.execute(
        "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
    )
    op.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")


def downgrade() -> None:
    op.execute("DROP TABLE events")
