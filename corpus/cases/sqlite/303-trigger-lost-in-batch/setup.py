"""Create accounts, and log each new one"""

import sqlalchemy as sa
from alembic import op

revision = "c303_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
    )
    op.create_table(
        "account_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER accounts_log AFTER INSERT ON accounts BEGIN "
        "INSERT INTO account_log (account_id) VALUES (NEW.id); END"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER accounts_log")
    op.drop_table("account_log")
    op.drop_table("accounts")
