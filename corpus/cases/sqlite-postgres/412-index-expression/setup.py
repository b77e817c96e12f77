"""Create articles"""

import sqlalchemy as sa
from alembic import op

revision = "c412_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_articles", "articles", [sa.text("lower(title)")])


def downgrade() -> None:
    op.drop_index("ix_articles", table_name="articles")
    op.drop_table("articles")
