"""Names take less room"""

import sqlalchemy as sa
from alembic import op

revision = "c706_buggy"
down_revision = "c706_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "people",
        "name",
        existing_type=sa.Unicode(50),
        existing_nullable=False,
        type_=sa.String(50),
    )


def downgrade() -> None:
    op.alter_column(
        "people",
        "name",
        existing_type=sa.String(50),
        existing_nullable=False,
        type_=sa.Unicode(50),
    )
