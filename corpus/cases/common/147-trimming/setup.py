"""Create tags"""

import sqlalchemy as sa
from alembic import op

revision = "c147_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("label", sa.String(60), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tags")
