"""Call plans tariffs"""

import sqlalchemy as sa
from alembic import op

revision = "c599_correct_next"
down_revision = "c599_correct"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.alter_column(
            "plan",
            new_column_name="tariff",
            existing_type=sa.String(20),
            existing_nullable=False,
            existing_server_default="free",
        )


def downgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.alter_column(
            "tariff",
            new_column_name="plan",
            existing_type=sa.String(20),
            existing_nullable=False,
            existing_server_default="free",
        )
