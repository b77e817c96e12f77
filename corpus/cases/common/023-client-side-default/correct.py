"""Turn accounts.disabled around into accounts.active"""

import sqlalchemy as sa
from alembic import op

revision = "c023_correct"
down_revision = "c023_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("active", sa.Boolean(), server_default=sa.true()))
    op.execute("UPDATE accounts SET active = NOT disabled")
    op.drop_column("accounts", "disabled")


def downgrade() -> None:
    op.add_column("accounts", sa.Column("disabled", sa.Boolean()))
    op.execute("UPDATE accounts SET disabled = NOT active")
    op.drop_column("accounts", "active")
