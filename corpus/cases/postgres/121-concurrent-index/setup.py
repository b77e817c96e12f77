"""Create posts"""

import sqlalchemy as sa
from alembic import op

revision = "c121_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("slug", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("posts")
