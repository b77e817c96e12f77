"""Create words"""

from alembic import op

revision = "c309_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE words (word VARCHAR(40) NOT NULL PRIMARY KEY, uses INTEGER) WITHOUT ROWID"
    )


def downgrade() -> None:
    op.drop_table("words")
