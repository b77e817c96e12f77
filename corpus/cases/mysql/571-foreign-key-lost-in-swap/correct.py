"""Rebuild loans with a due date"""

from alembic import op

revision = "c571_correct"
down_revision = "c571_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE loans_new LIKE loans")
    op.execute("ALTER TABLE loans_new ADD COLUMN due_on DATE")
    op.execute("INSERT INTO loans_new (id, reader_id) SELECT id, reader_id FROM loans")
    op.drop_table("loans")
    op.rename_table("loans_new", "loans")
    op.create_foreign_key(
        "fk_loans_reader_id", "loans", "readers", ["reader_id"], ["id"], ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_column("loans", "due_on")
