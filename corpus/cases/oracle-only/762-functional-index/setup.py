"""Create articles"""

from alembic import op

revision = "c762_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE articles (id NUMBER(10) NOT NULL PRIMARY KEY, title "
        "VARCHAR2(200 CHAR) NOT NULL)"
    )
    op.execute("CREATE INDEX ix_articles_title ON articles (LOWER(title))")


def downgrade() -> None:
    op.execute("DROP TABLE articles")
