"""Drop hints on tokens"""

import sqlalchemy as sa
from alembic import op

revision = "c120_buggy"
down_revision = "c120_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("tokens", "hint")


def downgrade() -> None:
    op.add_column("tokens", sa.Column("hint", sa.String(80)))
