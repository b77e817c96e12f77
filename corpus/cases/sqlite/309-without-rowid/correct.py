"""Say in which language a word is"""

import sqlalchemy as sa
from alembic import op

revision = "c309_correct"
down_revision = "c309_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("words", sa.Column("language", sa.String(2)))


def downgrade() -> None:
    op.execute(
        "CREATE TABLE words_old (word VARCHAR(40) NOT NULL PRIMARY KEY, uses INTEGER) WITHOUT ROWID"
    )
    op.execute("INSERT INTO words_old (word, uses) SELECT word, uses FROM words")
    op.drop_table("words")
    op.rename_table("words_old", "words")
