"""Let reporting read items"""

from alembic import op

revision = "c287_correct_merge"
down_revision = ("c287_correct_left", "c287_correct_right")
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT ON items TO c287_reader")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON items FROM c287_reader")
