"""Call clients customers"""

from alembic import op

revision = "c109_buggy"
down_revision = "c109_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("clients", "customers")


def downgrade() -> None:
    pass
