"""Store local times"""

import sqlalchemy as sa
from alembic import op

revision = "c532_buggy"
down_revision = "c532_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET SESSION time_zone = '+02:00'")
    op.alter_column(
        "visits",
        "started_at",
        existing_type=sa.TIMESTAMP(),
        type_=sa.DateTime(),
        existing_nullable=False,
    )
    op.execute("SET SESSION time_zone = DEFAULT")


def downgrade() -> None:
    op.alter_column(
        "visits",
        "started_at",
        existing_type=sa.DateTime(),
        type_=sa.TIMESTAMP(),
        existing_nullable=False,
    )
