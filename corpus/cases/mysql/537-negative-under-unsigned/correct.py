"""Say how much of a balance can be spent"""

from alembic import op

revision = "c537_correct"
down_revision = "c537_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE accounts ADD COLUMN available INTEGER UNSIGNED NOT NULL DEFAULT 0")
    op.execute("UPDATE accounts SET available = greatest(balance, 0)")


def downgrade() -> None:
    op.drop_column("accounts", "available")
