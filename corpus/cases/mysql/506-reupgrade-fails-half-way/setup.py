"""Create parcels"""

import sqlalchemy as sa
from alembic import op

revision = "c506_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("address", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("parcels")
