"""Say who wrote a book"""

import sqlalchemy as sa
from alembic import op

revision = "c501_buggy"
down_revision = "c501_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("author_id", sa.Integer()))
    op.create_index("ix_books_author_id", "books", ["author_id"])
    op.create_foreign_key("fk_books_author_id", "books", "authors", ["author_id"], ["id"])


def downgrade() -> None:
    op.drop_index("ix_books_author_id", table_name="books")
    op.drop_constraint("fk_books_author_id", "books", type_="foreignkey")
    op.drop_column("books", "author_id")
