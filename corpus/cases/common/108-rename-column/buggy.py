"""Call customers.phone mobile"""

import sqlalchemy as sa
from alembic import op

revision = "c108_buggy"
down_revision = "c108_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customers") as batch:
        batch.alter_column("phone", existing_type=sa.String(20), new_column_name="mobile")


def downgrade() -> None:
    op.add_column("customers", sa.Column("phone", sa.String(20)))
    op.drop_column("customers", "mobile")
