"""Count tokens one by one"""

from alembic import op

revision = "c203_buggy"
down_revision = "c203_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tokens ALTER COLUMN id SET INCREMENT BY 1")


def downgrade() -> None:
    pass
