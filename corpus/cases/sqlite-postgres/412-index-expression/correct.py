"""Find an author's articles by date"""

import sqlalchemy as sa
from alembic import op

revision = "c412_correct"
down_revision = "c412_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles", table_name="articles")
    op.create_index("ix_articles_new", "articles", ["author", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_articles_new", table_name="articles")
    op.create_index("ix_articles", "articles", [sa.text("lower(title)")])
