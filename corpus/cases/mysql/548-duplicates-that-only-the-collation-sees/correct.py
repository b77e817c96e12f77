"""Say which tag a word goes by"""

import sqlalchemy as sa
from alembic import op

revision = "c548_correct"
down_revision = "c548_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tags", sa.Column("known_as", sa.Integer()))
    op.execute(
        "UPDATE tags JOIN (SELECT min(id) AS id, lower(label) AS word FROM tags GROUP BY "
        "lower(label)) AS firsts ON firsts.word = lower(tags.label) SET tags.known_as = firsts.id"
    )


def downgrade() -> None:
    op.drop_column("tags", "known_as")
