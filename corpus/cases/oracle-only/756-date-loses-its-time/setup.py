"""Create visits"""

from alembic import op

revision = "c756_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE visits (id NUMBER(10) NOT NULL PRIMARY KEY, begun DATE)")


def downgrade() -> None:
    op.execute("DROP TABLE visits")
