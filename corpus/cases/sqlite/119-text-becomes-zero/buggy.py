"""Store floors as numbers"""

import sqlalchemy as sa
from alembic import op

revision = "c119_buggy"
down_revision = "c119_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("flats") as batch:
        batch.alter_column("floor", existing_type=sa.String(20), type_=sa.Integer())


def downgrade() -> None:
    with op.batch_alter_table("flats") as batch:
        batch.alter_column("floor", existing_type=sa.Integer(), type_=sa.String(20))
