"""Let the owner of the ledger see everything"""

from alembic import op

revision = "c269_buggy"
down_revision = "c269_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE ledger NO FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    pass
