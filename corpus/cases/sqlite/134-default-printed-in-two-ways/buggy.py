"""Make room for long names of queues"""

import sqlalchemy as sa
from alembic import op

revision = "c134_buggy"
down_revision = "c134_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch:
        batch.alter_column("queue", existing_type=sa.String(20), type_=sa.String(80))


def downgrade() -> None:
    with op.batch_alter_table("jobs") as batch:
        batch.alter_column("queue", existing_type=sa.String(80), type_=sa.String(20))
        batch.alter_column("attempts", existing_type=sa.Integer(), server_default="1")
