"""Make room for long addresses"""

import sqlalchemy as sa
from alembic import op

revision = "c510_correct"
down_revision = "c510_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "email",
        existing_type=sa.String(120),
        type_=sa.String(200),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("UPDATE users SET email = left(email, 120)")
    op.alter_column(
        "users",
        "email",
        existing_type=sa.String(200),
        type_=sa.String(120),
        existing_nullable=False,
    )
