"""Stop computing areas"""

from alembic import op

revision = "c318_buggy"
down_revision = "c318_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("tiles", "area")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE tiles ADD COLUMN area INTEGER GENERATED ALWAYS AS (side * side) VIRTUAL"
    )
