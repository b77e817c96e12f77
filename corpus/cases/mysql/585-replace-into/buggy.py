"""Write names in capitals"""

from alembic import op

revision = "c585_buggy"
down_revision = "c585_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REPLACE INTO users (id, name) SELECT id, upper(name) FROM users")


def downgrade() -> None:
    pass
