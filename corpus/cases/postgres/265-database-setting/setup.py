"""Limit the time of statements"""

from alembic import op

revision = "c265_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    database = op.get_bind().engine.url.database
    op.execute(f'ALTER DATABASE "{database}" SET statement_timeout = 600000')


def downgrade() -> None:
    database = op.get_bind().engine.url.database
    op.execute(f'ALTER DATABASE "{database}" RESET statement_timeout')
