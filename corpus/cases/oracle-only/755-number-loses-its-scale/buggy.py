"""Round prices"""

from alembic import op

revision = "c755_buggy"
down_revision = "c755_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE prices ADD (amount_new NUMBER(12,2))")
    op.execute("UPDATE prices SET amount_new = ROUND(amount, 2)")
    op.execute("ALTER TABLE prices DROP COLUMN amount")
    op.execute("ALTER TABLE prices RENAME COLUMN amount_new TO amount")


def downgrade() -> None:
    op.execute("ALTER TABLE prices ADD (amount_new NUMBER(12,4))")
    op.execute("UPDATE prices SET amount_new = amount")
    op.execute("ALTER TABLE prices DROP COLUMN amount")
    op.execute("ALTER TABLE prices RENAME COLUMN amount_new TO amount")
