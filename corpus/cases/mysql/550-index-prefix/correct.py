"""Find articles by their whole title"""

from alembic import op

revision = "c550_correct"
down_revision = "c550_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_start", table_name="articles")
    op.create_index("ix_articles_title", "articles", ["title"])


def downgrade() -> None:
    op.drop_index("ix_articles_title", table_name="articles")
    op.create_index("ix_articles_start", "articles", ["title"], mysql_length=20)
