"""Find books by title"""

from alembic import op

revision = "c502_correct"
down_revision = "c502_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_books_author_id", "books", ["author_id"])
    op.drop_constraint("uq_books_title", "books", type_="unique")
    op.create_unique_constraint("uq_books_title", "books", ["title", "author_id"])


def downgrade() -> None:
    op.drop_constraint("uq_books_title", "books", type_="unique")
    op.create_unique_constraint("uq_books_title", "books", ["author_id", "title"])
    op.drop_index("ix_books_author_id", table_name="books")
