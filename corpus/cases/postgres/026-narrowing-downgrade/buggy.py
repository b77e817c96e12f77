"""Allow long titles"""

import sqlalchemy as sa
from alembic import op

revision = "c026_buggy"
down_revision = "c026_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("notes", "title", existing_type=sa.String(50), type_=sa.Text())


def downgrade() -> None:
    op.alter_column("notes", "title", existing_type=sa.Text(), type_=sa.String(50))
