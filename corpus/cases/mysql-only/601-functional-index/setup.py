"""Create articles"""

import sqlalchemy as sa
from alembic import op

revision = "c601_setup"
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
    op.create_index("ix_articles_lower", "articles", [sa.text("(lower(title))")])


def downgrade() -> None:
    op.drop_table("articles")
