"""Explain counts better"""

from alembic import op

revision = "c206_correct"
down_revision = "c206_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "COMMENT ON COLUMN items.count IS 'Pieces in stock, without those that are reserved'"
    )


def downgrade() -> None:
    op.execute("COMMENT ON COLUMN items.count IS 'Pieces in stock'")
