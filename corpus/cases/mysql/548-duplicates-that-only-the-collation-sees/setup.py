"""Create tags"""

import sqlalchemy as sa
from alembic import op

revision = "c548_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("label", sa.String(60, collation="utf8mb4_bin"), nullable=False),
        sa.UniqueConstraint("label", name="uq_tags_label"),
    )


def downgrade() -> None:
    op.drop_table("tags")
