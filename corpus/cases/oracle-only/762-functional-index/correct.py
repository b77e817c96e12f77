"""Find articles by title as it is written"""

from alembic import op

revision = "c762_correct"
down_revision = "c762_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_articles_title")
    op.execute("CREATE INDEX ix_articles_written ON articles (title)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_articles_written")
    op.execute("CREATE INDEX ix_articles_title ON articles (LOWER(title))")
