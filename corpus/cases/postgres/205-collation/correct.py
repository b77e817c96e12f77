"""Allow long words"""

from alembic import op

revision = "c205_correct"
down_revision = "c205_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE words ALTER COLUMN word TYPE varchar(80) COLLATE "C"')


def downgrade() -> None:
    op.execute(
        'ALTER TABLE words ALTER COLUMN word TYPE varchar(40) COLLATE "C" USING left(word, 40)'
    )
