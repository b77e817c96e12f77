"""Archive shirts, which we no longer sell"""

from alembic import op

revision = "c004_correct"
down_revision = "c004_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("shirts", "shirts_archive")


def downgrade() -> None:
    op.rename_table("shirts_archive", "shirts")
