"""Name the constraint of stays after the convention"""

from alembic import op

revision = "c256_buggy"
down_revision = "c256_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE stays RENAME CONSTRAINT ex_stays TO stays_during_excl_1")


def downgrade() -> None:
    op.execute("ALTER TABLE stays DROP CONSTRAINT stays_during_excl_1")
