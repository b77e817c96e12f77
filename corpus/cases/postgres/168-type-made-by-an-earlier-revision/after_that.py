"""Forget the size of jersey orders"""

from alembic import op

revision = "c168_after_that"
down_revision = "c168_after"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("jersey_orders", "size")


def downgrade() -> None:
    op.execute("ALTER TABLE jersey_orders ADD COLUMN size jersey_size NOT NULL DEFAULT 's'")
    op.execute("ALTER TABLE jersey_orders ALTER COLUMN size DROP DEFAULT")
