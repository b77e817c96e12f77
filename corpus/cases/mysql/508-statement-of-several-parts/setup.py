"""Create carriers and parcels"""

import sqlalchemy as sa
from alembic import op

revision = "c508_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carriers",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "parcels",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("address", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("parcels")
    op.drop_table("carriers")
