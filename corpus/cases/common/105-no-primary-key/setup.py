"""Create page_views"""

import sqlalchemy as sa
from alembic import op

revision = "c105_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_views",
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("viewed_on", sa.Date(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("page_views")
