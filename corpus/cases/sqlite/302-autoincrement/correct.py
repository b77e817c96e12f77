"""Make room for long names of payers"""

import sqlalchemy as sa
from alembic import op

revision = "c302_correct"
down_revision = "c302_setup"
branch_labels = None
depends_on = None

KEEP = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("receipts", table_kwargs=KEEP) as batch:
        batch.alter_column("payer", existing_type=sa.String(80), type_=sa.String(200))


def downgrade() -> None:
    with op.batch_alter_table("receipts", table_kwargs=KEEP) as batch:
        batch.alter_column("payer", existing_type=sa.String(200), type_=sa.String(80))
