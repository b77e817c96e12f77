"""Drop the status of a ticket"""

import sqlalchemy as sa
from alembic import op

revision = "c115_buggy"
down_revision = "c115_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("tickets", "status")


def downgrade() -> None:
    op.add_column(
        "tickets", sa.Column("status", sa.String(40), nullable=False, server_default="new")
    )
