"""Find articles by title as it is written"""

from alembic import op

revision = "c601_buggy"
down_revision = "c601_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_lower", table_name="articles")
    op.create_index("ix_articles_title", "articles", ["title"])


def downgrade() -> None:
    op.drop_index("ix_articles_title", table_name="articles")
    op.create_index("ix_articles_lower", "articles", ["title"])
