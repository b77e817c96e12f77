"""Give tickets a priority"""

import sqlalchemy as sa
from alembic import op

revision = "c024_correct"
down_revision = "c024_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("priority", sa.Integer()))
    op.execute("UPDATE tickets SET priority = 3")
    with op.batch_alter_table("tickets") as batch:
        batch.alter_column("priority", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    op.drop_column("tickets", "priority")
