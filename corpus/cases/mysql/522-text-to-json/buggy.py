"""Store payloads as JSON"""

import sqlalchemy as sa
from alembic import op

revision = "c522_buggy"
down_revision = "c522_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "hooks",
        "payload",
        existing_type=sa.Text(),
        type_=sa.JSON(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "hooks",
        "payload",
        existing_type=sa.JSON(),
        type_=sa.Text(),
        existing_nullable=False,
    )
