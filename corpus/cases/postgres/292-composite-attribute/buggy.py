"""Places need no zip"""

from alembic import op

revision = "c292_buggy"
down_revision = "c292_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE place DROP ATTRIBUTE zip CASCADE")


def downgrade() -> None:
    op.execute("ALTER TYPE place ADD ATTRIBUTE zip varchar(10) CASCADE")
