"""Prices have a region too"""

import sqlalchemy as sa
from alembic import op

revision = "c518_correct"
down_revision = "c518_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prices", sa.Column("region", sa.String(2)))
    op.execute("UPDATE prices SET region = country")


def downgrade() -> None:
    op.drop_column("prices", "region")
