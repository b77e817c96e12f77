"""Names take less room"""

from alembic import op

revision = "c706_correct"
down_revision = "c706_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people REBUILD WITH (DATA_COMPRESSION = ROW)")


def downgrade() -> None:
    op.execute("ALTER TABLE people REBUILD WITH (DATA_COMPRESSION = NONE)")
