"""Keep days, not hours"""

from alembic import op

revision = "c756_buggy"
down_revision = "c756_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE visits SET begun = TRUNC(begun)")


def downgrade() -> None:
    pass
