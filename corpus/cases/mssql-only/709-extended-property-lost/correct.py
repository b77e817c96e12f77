"""Phones explain themselves"""

from alembic import op

revision = "c709_correct"
down_revision = "c709_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "EXEC sp_dropextendedproperty 'MS_Description', 'SCHEMA', 'dbo', "
        "'TABLE', 'users', 'COLUMN', 'phone'"
    )


def downgrade() -> None:
    op.execute(
        "EXEC sp_addextendedproperty 'MS_Description', 'With the country code', 'SCHEMA', 'dbo', "
        "'TABLE', 'users', 'COLUMN', 'phone'"
    )
