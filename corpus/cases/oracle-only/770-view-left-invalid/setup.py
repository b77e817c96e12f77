"""Create members"""

from alembic import op

revision = "c770_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE members (id NUMBER(10) NOT NULL PRIMARY KEY, nick VARCHAR2(40 "
        "CHAR))"
    )
    op.execute(
        "CREATE OR REPLACE VIEW active_members AS SELECT id, nick FROM members WHERE "
        "nick IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP VIEW active_members")
    op.execute("DROP TABLE members")
