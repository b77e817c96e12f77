"""Find articles by category"""

from alembic import op

revision = "c507_correct"
down_revision = "c507_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_articles_category_id", "articles", ["category_id"])


def downgrade() -> None:
    op.drop_constraint("fk_articles_category_id", "articles", type_="foreignkey")
    op.drop_index("ix_articles_category_id", table_name="articles")
    op.create_foreign_key(
        "fk_articles_category_id", "articles", "categories", ["category_id"], ["id"]
    )
