"""Find articles by title instead"""

from alembic import op

revision = "c551_correct"
down_revision = "c551_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_body", table_name="articles")
    op.create_index("ix_articles_title", "articles", ["title"])


def downgrade() -> None:
    op.drop_index("ix_articles_title", table_name="articles")
    op.create_index("ix_articles_body", "articles", ["body"], mysql_length=100)
