"""Archive the library"""

from alembic import op

revision = "c042_correct"
down_revision = "c042_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("authors", "authors_archive")
    op.rename_table("books", "books_archive")


def downgrade() -> None:
    op.rename_table("books_archive", "books")
    op.rename_table("authors_archive", "authors")
