"""Call users.mail email"""

import sqlalchemy as sa
from alembic import op

revision = "c520_buggy"
down_revision = "c520_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "mail",
        new_column_name="email",
        existing_type=sa.String(120),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "users",
        "email",
        new_column_name="mail",
        existing_type=sa.String(120),
        existing_nullable=False,
    )
