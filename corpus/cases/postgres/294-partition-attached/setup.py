"""Create readings"""

from alembic import op

revision = "c294_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE readings (id integer NOT NULL, site integer NOT NULL) PARTITION BY LIST (site)")
    op.execute("CREATE TABLE readings_south PARTITION OF readings FOR VALUES IN (3)")
    op.execute("CREATE TABLE readings_north (id integer NOT NULL, site integer NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE readings_north")
    op.execute("DROP TABLE readings")
