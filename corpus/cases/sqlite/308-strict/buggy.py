"""Say in which unit a meter counts"""

from alembic import op

revision = "c308_buggy"
down_revision = "c308_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE meters ADD COLUMN unit TEXT NOT NULL DEFAULT 'kWh'")


def downgrade() -> None:
    op.execute(
        "CREATE TABLE meters_old (id INTEGER NOT NULL PRIMARY KEY, serial TEXT NOT NULL, value INTEGER)"
    )
    op.execute("INSERT INTO meters_old (id, serial, value) SELECT id, serial, value FROM meters")
    op.drop_table("meters")
    op.rename_table("meters_old", "meters")
