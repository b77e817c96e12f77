"""Find articles by category"""

from alembic import op

revision = "c507_buggy"
down_revision = "c507_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_articles_category_id", "articles", ["category_id"])


def downgrade() -> None:
    op.drop_index("ix_articles_category_id", table_name="articles")
