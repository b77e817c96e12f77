"""Store numbers of lockers as numbers"""

from alembic import op

revision = "c154_buggy"
down_revision = "c154_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE lockers ALTER COLUMN number TYPE integer USING number::integer")


def downgrade() -> None:
    op.execute("ALTER TABLE lockers ALTER COLUMN number TYPE varchar(20) USING number::varchar")
