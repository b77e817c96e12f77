"""Find an author's articles by date"""

from alembic import op

revision = "c413_buggy"
down_revision = "c413_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles", table_name="articles")
    op.create_index("ix_articles_new", "articles", ["author", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_articles_new", table_name="articles")
    op.create_index("ix_articles", "articles", ["author"])
