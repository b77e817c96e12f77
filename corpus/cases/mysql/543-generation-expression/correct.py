"""Give a discount on totals"""

from alembic import op

revision = "c543_correct"
down_revision = "c543_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("lines_sold", "total")
    op.execute("ALTER TABLE lines_sold ADD COLUMN total BIGINT AS (price * pieces - 1) STORED")


def downgrade() -> None:
    op.drop_column("lines_sold", "total")
    op.execute("ALTER TABLE lines_sold ADD COLUMN total BIGINT AS (price * pieces) STORED")
