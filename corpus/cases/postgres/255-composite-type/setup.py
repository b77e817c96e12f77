"""Create shops with an address"""

from alembic import op

revision = "c255_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE address AS (street text, number integer)")
    op.execute("CREATE TABLE shops (id serial PRIMARY KEY, address address)")


def downgrade() -> None:
    op.drop_table("shops")
    op.execute("DROP TYPE address")
