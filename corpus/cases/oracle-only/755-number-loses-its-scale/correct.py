"""Round prices"""

from alembic import op

revision = "c755_correct"
down_revision = "c755_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE prices ADD (amount_new NUMBER(12,2))")
    op.execute("UPDATE prices SET amount_new = ROUND(amount, 2)")


def downgrade() -> None:
    op.execute("ALTER TABLE prices DROP COLUMN amount_new")
