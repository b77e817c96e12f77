"""Give reports an author"""

import sqlalchemy as sa
from alembic import op

revision = "c110_correct"
down_revision = "c110_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("author", sa.String(80)))


def downgrade() -> None:
    op.drop_column("reports", "author")
