"""Find songs by title and key"""

from alembic import op

revision = "c305_buggy"
down_revision = "c305_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_songs_title", table_name="songs")
    op.create_index("ix_songs_title_id", "songs", ["title", "id"])


def downgrade() -> None:
    op.drop_index("ix_songs_title_id", table_name="songs")
    op.create_index("ix_songs_title", "songs", ["title"])
