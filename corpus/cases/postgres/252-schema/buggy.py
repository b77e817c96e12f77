"""Prepare a schema for reports"""

from alembic import op

revision = "c252_buggy"
down_revision = "c252_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA reporting")


def downgrade() -> None:
    pass
