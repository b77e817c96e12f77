"""Create articles"""

import sqlalchemy as sa
from alembic import op

revision = "c602_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.execute("CREATE INDEX ix_articles_hidden ON articles (title) INVISIBLE")


def downgrade() -> None:
    op.drop_table("articles")
