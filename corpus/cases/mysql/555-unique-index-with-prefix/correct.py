"""Make titles unique a second time"""

from alembic import op

revision = "c555_correct"
down_revision = "c555_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ux_articles_start", table_name="articles")
    op.create_index(
        "ux_articles_title", "articles", ["title"], unique=True, mysql_length=30
    )


def downgrade() -> None:
    op.drop_index("ux_articles_title", table_name="articles")
    op.create_index("ux_articles_start", "articles", ["title"], unique=True, mysql_length=30)
