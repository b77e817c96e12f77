"""Create notes"""

from alembic import op

revision = "c751_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notes (id NUMBER(10) NOT NULL PRIMARY KEY, body VARCHAR2(200 "
        "CHAR))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notes")
