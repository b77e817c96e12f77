"""Search notes"""

from alembic import op

revision = "c317_correct"
down_revision = "c317_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE VIRTUAL TABLE notes_search USING fts5(body)")
    op.execute("INSERT INTO notes_search (rowid, body) SELECT id, body FROM notes")


def downgrade() -> None:
    op.execute("DROP TABLE notes_search")
