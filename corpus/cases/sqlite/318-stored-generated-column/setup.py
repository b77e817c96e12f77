"""Create tiles with a stored area"""

from alembic import op

revision = "c318_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE tiles (id INTEGER NOT NULL PRIMARY KEY, side SMALLINT NOT NULL, "
        "area INTEGER GENERATED ALWAYS AS (side * side) STORED)"
    )


def downgrade() -> None:
    op.drop_table("tiles")
