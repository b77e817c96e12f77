"""Store rates with three digits"""

from alembic import op

revision = "c201_correct"
down_revision = "c201_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE rates ALTER COLUMN rate TYPE numeric(9, 3)")


def downgrade() -> None:
    op.execute("ALTER TABLE rates ALTER COLUMN rate TYPE numeric(8, 2) USING trunc(rate, 2)")
