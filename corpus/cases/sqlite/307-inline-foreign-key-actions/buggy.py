"""Make room for long notes on loans"""

import sqlalchemy as sa
from alembic import op

revision = "c307_buggy"
down_revision = "c307_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("loans") as batch:
        batch.alter_column("note", existing_type=sa.String(80), type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("loans") as batch:
        batch.alter_column("note", existing_type=sa.String(400), type_=sa.String(80))
