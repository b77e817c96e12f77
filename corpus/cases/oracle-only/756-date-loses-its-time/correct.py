"""Keep days, not hours"""

from alembic import op

revision = "c756_correct"
down_revision = "c756_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD (begun_on DATE)")
    op.execute("UPDATE visits SET begun_on = TRUNC(begun)")


def downgrade() -> None:
    op.execute("ALTER TABLE visits DROP COLUMN begun_on")
