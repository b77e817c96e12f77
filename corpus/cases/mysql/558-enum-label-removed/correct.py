"""Nothing is of low priority any more"""

import sqlalchemy as sa
from alembic import op

revision = "c558_correct"
down_revision = "c558_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("was_low", sa.Boolean(), nullable=False, server_default="0"))
    op.execute("UPDATE tickets SET was_low = 1, priority = 'normal' WHERE priority = 'low'")


def downgrade() -> None:
    op.execute("UPDATE tickets SET priority = 'low' WHERE was_low AND priority = 'normal'")
    op.drop_column("tickets", "was_low")
