"""Lower-case e-mail addresses"""

from alembic import op

revision = "c047_buggy"
down_revision = "c047_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE accounts SET email = lower(email)")


def downgrade() -> None:
    pass
