"""Find items by parts of their names"""

from alembic import op

revision = "c239_buggy"
down_revision = "c239_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE INDEX ix_items_name ON items USING gin (name gin_trgm_ops)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_items_name")
