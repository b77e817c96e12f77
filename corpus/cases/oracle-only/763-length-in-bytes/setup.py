"""Create addresses"""

from alembic import op

revision = "c763_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE addresses (id NUMBER(10) NOT NULL PRIMARY KEY, town VARCHAR2(20 "
        "CHAR))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE addresses")
