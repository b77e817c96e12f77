"""Create customers"""

from alembic import op

revision = "c753_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE customers (id NUMBER(10) NOT NULL PRIMARY KEY, name VARCHAR2(80 "
        "CHAR) NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE customers")
