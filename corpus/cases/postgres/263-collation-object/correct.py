"""Prepare a plain collation"""

from alembic import op

revision = "c263_correct"
down_revision = "c263_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE COLLATION plain (locale = 'C')")


def downgrade() -> None:
    op.execute("DROP COLLATION plain")
