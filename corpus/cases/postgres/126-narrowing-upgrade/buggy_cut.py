"""Limit titles"""

import sqlalchemy as sa
from alembic import op

revision = "c126_buggy_cut"
down_revision = "c126_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notes ALTER COLUMN title TYPE varchar(50) USING left(title, 50)")


def downgrade() -> None:
    op.alter_column("notes", "title", existing_type=sa.String(50), type_=sa.String(200))
