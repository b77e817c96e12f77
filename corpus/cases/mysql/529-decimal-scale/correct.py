"""Store rates in cents too"""

from alembic import op

revision = "c529_correct"
down_revision = "c529_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE rates ADD COLUMN cents DECIMAL(14, 2) AS (round(rate, 2)) STORED")


def downgrade() -> None:
    op.drop_column("rates", "cents")
