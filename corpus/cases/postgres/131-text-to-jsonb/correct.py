"""Make room for parsed payloads"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c131_correct"
down_revision = "c131_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hooks", sa.Column("parsed", postgresql.JSONB()))


def downgrade() -> None:
    op.drop_column("hooks", "parsed")
