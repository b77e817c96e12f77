"""Number tickets"""

from alembic import op

revision = "c233_buggy"
down_revision = "c233_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_numbers START 1000")


def downgrade() -> None:
    pass
