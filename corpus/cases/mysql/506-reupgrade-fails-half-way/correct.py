"""Track parcels"""

import sqlalchemy as sa
from alembic import op

revision = "c506_correct"
down_revision = "c506_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parcels", sa.Column("carrier", sa.String(40)))
    op.create_table("stops", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("stops")
    op.drop_column("parcels", "carrier")
