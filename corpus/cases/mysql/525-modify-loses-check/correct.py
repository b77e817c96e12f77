"""Say in which row seats are"""

import sqlalchemy as sa
from alembic import op

revision = "c525_correct"
down_revision = "c525_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("seats", sa.Column("row_letter", sa.String(1)))


def downgrade() -> None:
    op.drop_column("seats", "row_letter")
