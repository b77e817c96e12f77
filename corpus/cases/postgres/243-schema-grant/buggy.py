"""Hide the schema reporting"""

from alembic import op

revision = "c243_buggy"
down_revision = "c243_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE USAGE ON SCHEMA reporting FROM PUBLIC")


def downgrade() -> None:
    pass
