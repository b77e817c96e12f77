"""Find an author's articles by date"""

import sqlalchemy as sa
from alembic import op

revision = "c413_correct"
down_revision = "c413_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles", table_name="articles")
    op.create_index("ix_articles_new", "articles", ["author", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_articles_new", table_name="articles")
    op.create_index(
        "ix_articles",
        "articles",
        ["author"],
        sqlite_where=sa.text("NOT draft"),
        postgresql_where=sa.text("NOT draft"),
    )
