"""Bill whole kilograms"""

import sqlalchemy as sa
from alembic import op

revision = "c149_correct"
down_revision = "c149_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parcels", sa.Column("kilograms", sa.Integer()))
    op.execute("UPDATE parcels SET kilograms = grams / 1000")


def downgrade() -> None:
    op.drop_column("parcels", "kilograms")
