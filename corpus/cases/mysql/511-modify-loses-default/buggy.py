"""Make room for scripts of languages"""

import sqlalchemy as sa
from alembic import op

revision = "c511_buggy"
down_revision = "c511_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "language",
        existing_type=sa.String(5),
        type_=sa.String(12),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE users SET language = left(language, 5)")
    op.alter_column(
        "users",
        "language",
        existing_type=sa.String(12),
        type_=sa.String(5),
        existing_nullable=False,
    )
