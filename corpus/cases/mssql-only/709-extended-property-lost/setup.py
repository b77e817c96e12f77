"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "c709_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("phone", sa.Unicode(30)),
    )
    op.execute(
        "EXEC sp_addextendedproperty 'MS_Description', 'With the country code', 'SCHEMA', 'dbo', "
        "'TABLE', 'users', 'COLUMN', 'phone'"
    )


def downgrade() -> None:
    op.drop_table("users")
