"""Make room for long notes on badges"""

import sqlalchemy as sa
from alembic import op

revision = "c306_buggy"
down_revision = "c306_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("badges") as batch:
        batch.alter_column("note", existing_type=sa.String(80), type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("badges") as batch:
        batch.alter_column("note", existing_type=sa.String(400), type_=sa.String(80))
