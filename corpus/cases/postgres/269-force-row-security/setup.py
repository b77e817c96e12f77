"""Create a ledger whose row security holds for its owner"""

import sqlalchemy as sa
from alembic import op

revision = "c269_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("amount", sa.Integer(), nullable=False),
    )
    op.execute("ALTER TABLE ledger ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE ledger FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY ledger_all ON ledger USING (true)")


def downgrade() -> None:
    op.drop_table("ledger")
