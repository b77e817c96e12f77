"""Create reports"""

from alembic import op

revision = "c769_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE reports (id NUMBER(10) NOT NULL PRIMARY KEY, title VARCHAR2(80 "
        "CHAR))"
    )
    op.execute("GRANT SELECT ON reports TO PUBLIC")


def downgrade() -> None:
    op.execute("DROP TABLE reports")
