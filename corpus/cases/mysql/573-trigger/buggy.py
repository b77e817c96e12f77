"""Let prices fall below zero"""

from alembic import op

revision = "c573_buggy"
down_revision = "c573_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER prices_first")


def downgrade() -> None:
    pass
