"""Keep times without their zone"""

from alembic import op

revision = "c758_buggy"
down_revision = "c758_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE calls ADD (begun_at_new TIMESTAMP(6))")
    op.execute("UPDATE calls SET begun_at_new = CAST(begun_at AS TIMESTAMP)")
    op.execute("ALTER TABLE calls DROP COLUMN begun_at")
    op.execute("ALTER TABLE calls RENAME COLUMN begun_at_new TO begun_at")


def downgrade() -> None:
    op.execute("ALTER TABLE calls ADD (begun_at_new TIMESTAMP(6) WITH TIME ZONE)")
    op.execute("UPDATE calls SET begun_at_new = FROM_TZ(begun_at, '+01:00')")
    op.execute("ALTER TABLE calls DROP COLUMN begun_at")
    op.execute("ALTER TABLE calls RENAME COLUMN begun_at_new TO begun_at")
