"""Create stays that do not overlap"""

from alembic import op

revision = "c256_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE stays (id serial PRIMARY KEY, during daterange NOT NULL)")
    op.execute("ALTER TABLE stays ADD CONSTRAINT ex_stays EXCLUDE USING gist (during WITH &&)")


def downgrade() -> None:
    op.drop_table("stays")
