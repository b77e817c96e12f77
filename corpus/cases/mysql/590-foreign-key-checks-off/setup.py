"""Create categories and articles"""

import sqlalchemy as sa
from alembic import op

revision = "c590_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="fk_articles_category_id"),
    )


def downgrade() -> None:
    op.drop_table("articles")
    op.drop_table("categories")
