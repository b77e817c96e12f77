"""Create articles"""

import sqlalchemy as sa
from alembic import op

revision = "c545_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("lang", sa.String(5)),
    )
    op.create_index("ix_articles_author", "articles", ["author", "lang"])


def downgrade() -> None:
    op.drop_table("articles")
