"""Fetch rates anew"""

import sqlalchemy as sa
from alembic import op

revision = "c589_correct"
down_revision = "c589_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rates", sa.Column("fetched_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("rates", "fetched_on")
