"""Explain items better"""

from alembic import op

revision = "c207_buggy"
down_revision = "c207_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("COMMENT ON TABLE items IS 'What we sell and what we sold'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE items IS NULL")
