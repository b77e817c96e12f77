"""Label specimens"""

import sqlalchemy as sa
from alembic import op

revision = "c123_correct"
down_revision = "c123_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("specimens", sa.Column("label", sa.String(20)))
    op.execute("UPDATE specimens SET label = 'specimen ' || id")


def downgrade() -> None:
    op.drop_column("specimens", "label")
