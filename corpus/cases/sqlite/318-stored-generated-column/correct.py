"""Stop computing areas"""

from alembic import op

revision = "c318_correct"
down_revision = "c318_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("tiles", "area")


def downgrade() -> None:
    op.execute(
        "CREATE TABLE tiles_old (id INTEGER NOT NULL PRIMARY KEY, side SMALLINT NOT NULL, "
        "area INTEGER GENERATED ALWAYS AS (side * side) STORED)"
    )
    op.execute("INSERT INTO tiles_old (id, side) SELECT id, side FROM tiles")
    op.drop_table("tiles")
    op.rename_table("tiles_old", "tiles")
