"""Readings of the north are readings"""

from alembic import op

revision = "c294_correct"
down_revision = "c294_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE readings ATTACH PARTITION readings_north FOR VALUES IN (7)")


def downgrade() -> None:
    op.execute("ALTER TABLE readings DETACH PARTITION readings_north")
