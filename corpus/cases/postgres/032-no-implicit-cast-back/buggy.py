"""Count how often a flag is enabled"""

import sqlalchemy as sa
from alembic import op

revision = "c032_buggy"
down_revision = "c032_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE flags ALTER COLUMN enabled TYPE integer USING enabled::integer")


def downgrade() -> None:
    op.alter_column(
        "flags", "enabled", existing_type=sa.Integer(), type_=sa.Boolean(), existing_nullable=False
    )
