"""Logs need no transactions"""

from alembic import op

revision = "c561_buggy"
down_revision = "c561_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs ENGINE = MyISAM")


def downgrade() -> None:
    pass
