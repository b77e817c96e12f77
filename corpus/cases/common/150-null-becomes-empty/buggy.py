"""Write no bio as empty text"""

from alembic import op

revision = "c150_buggy"
down_revision = "c150_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE profiles SET bio = '' WHERE bio IS NULL")


def downgrade() -> None:
    pass
