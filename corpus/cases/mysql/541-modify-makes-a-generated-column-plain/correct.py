"""Totals are decimal"""

from alembic import op

revision = "c541_correct"
down_revision = "c541_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE lines_sold MODIFY total DECIMAL(20, 2) AS (price * pieces) STORED")


def downgrade() -> None:
    op.execute("ALTER TABLE lines_sold MODIFY total BIGINT AS (price * pieces) STORED")
