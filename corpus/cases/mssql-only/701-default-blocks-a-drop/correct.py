"""Count logins"""

import sqlalchemy as sa
from alembic import op

revision = "c701_correct"
down_revision = "c701_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("logins", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    op.drop_column("users", "logins", mssql_drop_default=True)
