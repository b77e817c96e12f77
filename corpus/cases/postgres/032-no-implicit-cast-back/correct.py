"""Count how often a flag is enabled"""

from alembic import op

revision = "c032_correct"
down_revision = "c032_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE flags ALTER COLUMN enabled TYPE integer USING enabled::integer")


def downgrade() -> None:
    op.execute("ALTER TABLE flags ALTER COLUMN enabled TYPE boolean USING enabled <> 0")
