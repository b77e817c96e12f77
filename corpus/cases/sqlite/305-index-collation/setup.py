"""Create songs"""

import sqlalchemy as sa
from alembic import op

revision = "c305_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "songs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
    )
    op.create_index("ix_songs_title", "songs", [sa.text("title COLLATE NOCASE")])


def downgrade() -> None:
    op.drop_index("ix_songs_title", table_name="songs")
    op.drop_table("songs")
