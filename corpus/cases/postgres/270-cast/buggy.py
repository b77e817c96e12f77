"""Cast temperatures to numbers"""

from alembic import op

revision = "c270_buggy"
down_revision = "c270_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION degrees(temperature) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ "
        "SELECT $1.degrees $$"
    )
    op.execute("CREATE CAST (temperature AS numeric) WITH FUNCTION degrees(temperature)")


def downgrade() -> None:
    pass
