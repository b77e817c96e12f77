"""Call the status of a ticket its state"""

import sqlalchemy as sa
from alembic import op

revision = "c115_correct"
down_revision = "c115_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tickets", sa.Column("state", sa.String(40), nullable=False, server_default="new")
    )
    op.execute("UPDATE tickets SET state = status")
    op.drop_column("tickets", "status")


def downgrade() -> None:
    op.add_column(
        "tickets", sa.Column("status", sa.String(40), nullable=False, server_default="new")
    )
    op.execute("UPDATE tickets SET status = state")
    op.drop_column("tickets", "state")
