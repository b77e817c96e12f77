"""Write an empty website as NULL"""

from alembic import op

revision = "c151_buggy"
down_revision = "c151_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE profiles SET website = NULL WHERE website = ''")


def downgrade() -> None:
    pass
