"""Create sites"""

from alembic import op

revision = "c292_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE place AS (street text, zip varchar(10), since date)")
    op.execute("CREATE TABLE sites (id integer PRIMARY KEY, at place)")


def downgrade() -> None:
    op.execute("DROP TABLE sites")
    op.execute("DROP TYPE place")
