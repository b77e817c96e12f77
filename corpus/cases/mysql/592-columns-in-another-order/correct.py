"""Put dates of birth first"""

from alembic import op

revision = "c592_correct"
down_revision = "c592_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people MODIFY born_on DATE AFTER id")
    op.execute("ALTER TABLE people ADD COLUMN nickname VARCHAR(40) AFTER name")


def downgrade() -> None:
    op.execute("ALTER TABLE people DROP COLUMN nickname")
    op.execute("ALTER TABLE people MODIFY born_on DATE AFTER name")
