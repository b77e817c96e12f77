"""Give teams a city"""

import sqlalchemy as sa
from alembic import op

revision = "c039_left"
down_revision = "c039_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("teams", sa.Column("city", sa.String(80)))


def downgrade() -> None:
    op.drop_column("teams", "city")
