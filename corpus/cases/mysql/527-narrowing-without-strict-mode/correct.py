"""Keep titles short, and the long ones aside"""

import sqlalchemy as sa
from alembic import op

revision = "c527_correct"
down_revision = "c527_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "long_titles",
        sa.Column("note_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("title", sa.String(200), nullable=False),
    )
    op.execute(
        "INSERT INTO long_titles (note_id, title) SELECT id, title FROM notes WHERE "
        "char_length(title) > 50"
    )
    op.execute("UPDATE notes SET title = left(title, 50)")
    op.alter_column(
        "notes",
        "title",
        existing_type=sa.String(200),
        type_=sa.String(50),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "notes",
        "title",
        existing_type=sa.String(50),
        type_=sa.String(200),
        existing_nullable=False,
    )
    op.execute(
        "UPDATE notes JOIN long_titles ON long_titles.note_id = notes.id SET notes.title = "
        "long_titles.title"
    )
    op.drop_table("long_titles")
