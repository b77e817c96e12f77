"""Keep times without their zone"""

from alembic import op

revision = "c758_correct"
down_revision = "c758_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE calls ADD (begun_at_new TIMESTAMP(6))")
    op.execute(
        "UPDATE calls SET begun_at_new = CAST(begun_at AT TIME ZONE 'UTC' AS "
        "TIMESTAMP)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE calls DROP COLUMN begun_at_new")
