"""Make room for long notes on seats"""

import sqlalchemy as sa
from alembic import op

revision = "c014_correct"
down_revision = "c014_setup"
branch_labels = None
depends_on = None


def positive() -> sa.CheckConstraint:
    """Reflection passes over a CHECK without a name, so each rebuild states it."""
    return sa.CheckConstraint("number > 0")


def upgrade() -> None:
    with op.batch_alter_table("seats", table_args=[positive()]) as batch:
        batch.alter_column("note", existing_type=sa.String(80), type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("seats", table_args=[positive()]) as batch:
        batch.alter_column("note", existing_type=sa.String(400), type_=sa.String(80))
