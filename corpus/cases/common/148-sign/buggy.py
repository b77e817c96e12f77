"""Store amounts without their sign"""

from alembic import op

revision = "c148_buggy"
down_revision = "c148_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE postings SET amount = abs(amount)")


def downgrade() -> None:
    pass
