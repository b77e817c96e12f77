"""Say who edited a book"""

import sqlalchemy as sa
from alembic import op

revision = "c591_correct"
down_revision = "c591_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("editor_id", sa.Integer()))
    op.create_foreign_key("fk_books_editor_id", "books", "authors", ["editor_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint("fk_books_editor_id", "books", type_="foreignkey")
    op.drop_column("books", "editor_id")
