"""Count logins"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c599_correct"
down_revision = "c599_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(sa.Column("logins", mysql.INTEGER(unsigned=True), server_default="0"))
        batch.create_index("ix_accounts_plan", ["plan"])


def downgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.drop_index("ix_accounts_plan")
        batch.drop_column("logins")
