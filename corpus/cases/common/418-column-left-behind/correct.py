"""Say since when somebody is a member"""

import sqlalchemy as sa
from alembic import op

revision = "c418_correct"
down_revision = "c418_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("joined_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("members", "joined_on")
