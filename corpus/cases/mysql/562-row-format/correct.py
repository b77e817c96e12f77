"""Store logs compressed"""

from alembic import op

revision = "c562_correct"
down_revision = "c562_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs ROW_FORMAT = COMPRESSED")


def downgrade() -> None:
    op.execute("ALTER TABLE logs ROW_FORMAT = DEFAULT")
