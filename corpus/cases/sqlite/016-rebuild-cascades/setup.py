"""Create albums and tracks"""

import sqlalchemy as sa
from alembic import op

revision = "c016_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "albums",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
    )
    op.create_table(
        "tracks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "album_id", sa.Integer(), sa.ForeignKey("albums.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("title", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tracks")
    op.drop_table("albums")
