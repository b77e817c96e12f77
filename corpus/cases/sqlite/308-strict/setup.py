"""Create meters, strictly typed"""

from alembic import op

revision = "c308_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE meters (id INTEGER NOT NULL PRIMARY KEY, serial TEXT NOT NULL, value INTEGER) STRICT"
    )


def downgrade() -> None:
    op.drop_table("meters")
