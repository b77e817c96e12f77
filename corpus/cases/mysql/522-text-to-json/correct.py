"""Make room for parsed payloads"""

import sqlalchemy as sa
from alembic import op

revision = "c522_correct"
down_revision = "c522_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hooks", sa.Column("parsed", sa.JSON()))


def downgrade() -> None:
    op.drop_column("hooks", "parsed")
