"""Weigh parcels, and find them by code"""

import sqlalchemy as sa
from alembic import op

revision = "c155_buggy"
down_revision = "c155_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_parcels_code", "parcels", ["code"], postgresql_concurrently=True)
    op.add_column("parcels", sa.Column("weight", sa.Integer(), nullable=False))


def downgrade() -> None:
    op.drop_column("parcels", "weight")
    with op.get_context().autocommit_block():
        op.drop_index("ix_parcels_code", table_name="parcels", postgresql_concurrently=True)
