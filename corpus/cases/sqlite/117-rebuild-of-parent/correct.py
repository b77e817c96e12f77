"""Give rooms a long name beside the short one"""

import sqlalchemy as sa
from alembic import op

revision = "c117_correct"
down_revision = "c117_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rooms", sa.Column("long_name", sa.String(200)))


def downgrade() -> None:
    op.drop_column("rooms", "long_name")
