"""Find articles by title"""

from alembic import op

revision = "c654_correct"
down_revision = "c654_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_hidden", table_name="articles")
    op.create_index("ix_articles_title", "articles", ["title"])


def downgrade() -> None:
    op.drop_index("ix_articles_title", table_name="articles")
    op.execute("CREATE INDEX ix_articles_hidden ON articles (title) IGNORED")
