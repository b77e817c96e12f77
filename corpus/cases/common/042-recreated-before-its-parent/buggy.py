"""Archive the library"""

import sqlalchemy as sa
from alembic import op

revision = "c042_buggy"
down_revision = "c042_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authors_archive",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "books_archive",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("authors_archive.id"), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
    )
    op.execute("INSERT INTO authors_archive (id, name) SELECT id, name FROM authors")
    op.execute(
        "INSERT INTO books_archive (id, author_id, title) SELECT id, author_id, title FROM books"
    )
    op.drop_table("books")
    op.drop_table("authors")


def downgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("authors.id"), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
    )
    op.execute(
        "INSERT INTO books (id, author_id, title) SELECT id, author_id, title FROM books_archive"
    )
    op.create_table(
        "authors",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.execute("INSERT INTO authors (id, name) SELECT id, name FROM authors_archive")
    op.drop_table("books_archive")
    op.drop_table("authors_archive")
