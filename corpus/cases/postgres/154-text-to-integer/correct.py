"""Sort lockers by number"""

import sqlalchemy as sa
from alembic import op

revision = "c154_correct"
down_revision = "c154_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lockers", sa.Column("position", sa.Integer()))
    op.execute("UPDATE lockers SET position = number::integer WHERE number ~ '^[0-9]{1,9}$'")


def downgrade() -> None:
    op.drop_column("lockers", "position")
