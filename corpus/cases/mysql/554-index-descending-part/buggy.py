"""Find articles by title alone"""

from alembic import op

revision = "c554_buggy"
down_revision = "c554_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_order", table_name="articles")
    op.create_index("ix_articles_title", "articles", ["title"])


def downgrade() -> None:
    op.drop_index("ix_articles_title", table_name="articles")
    op.create_index("ix_articles_order", "articles", ["title", "id"])
