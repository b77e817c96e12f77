"""Give statements more time"""

from alembic import op

revision = "c265_correct"
down_revision = "c265_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    database = op.get_bind().engine.url.database
    op.execute(f'ALTER DATABASE "{database}" SET statement_timeout = 900000')


def downgrade() -> None:
    database = op.get_bind().engine.url.database
    op.execute(f'ALTER DATABASE "{database}" SET statement_timeout = 600000')
