"""Hide the schema reporting"""

from alembic import op

revision = "c243_correct"
down_revision = "c243_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE USAGE ON SCHEMA reporting FROM PUBLIC")


def downgrade() -> None:
    op.execute("GRANT USAGE ON SCHEMA reporting TO PUBLIC")
