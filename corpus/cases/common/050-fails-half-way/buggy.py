"""Track shipments"""

import sqlalchemy as sa
from alembic import op

revision = "c050_buggy"
down_revision = "c050_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shipments", sa.Column("carrier", sa.String(40)))
    op.add_column("shipments", sa.Column("tracking_code", sa.String(40), nullable=False))


def downgrade() -> None:
    op.drop_column("shipments", "tracking_code")
    op.drop_column("shipments", "carrier")
