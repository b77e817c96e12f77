"""Make room for long kinds of events"""

import sqlalchemy as sa
from alembic import op

revision = "c015_buggy"
down_revision = "c015_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events") as batch:
        batch.alter_column("kind", existing_type=sa.String(20), type_=sa.String(80))


def downgrade() -> None:
    with op.batch_alter_table("events") as batch:
        batch.alter_column("kind", existing_type=sa.String(80), type_=sa.String(20))
