"""Limit titles"""

import sqlalchemy as sa
from alembic import op

revision = "c126_buggy"
down_revision = "c126_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("notes", "title", existing_type=sa.String(200), type_=sa.String(50))


def downgrade() -> None:
    op.alter_column("notes", "title", existing_type=sa.String(50), type_=sa.String(200))
