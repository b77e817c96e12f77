"""Say what a price is in"""

from alembic import op

revision = "c761_correct"
down_revision = "c761_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("COMMENT ON COLUMN books.price IS 'in euros, with tax'")


def downgrade() -> None:
    op.execute("COMMENT ON COLUMN books.price IS 'in euros'")
