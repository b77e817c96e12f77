"""Make room for long names of plants"""

import sqlalchemy as sa
from alembic import op

revision = "c118_buggy"
down_revision = "c118_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("plants") as batch:
        batch.alter_column("name", existing_type=sa.String(40), type_=sa.String(200))


def downgrade() -> None:
    with op.batch_alter_table("plants") as batch:
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.String(40))
