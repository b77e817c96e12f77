"""Say where a view came from"""

import sqlalchemy as sa
from alembic import op

revision = "c105_correct"
down_revision = "c105_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("page_views", sa.Column("referrer", sa.String(200)))
    op.create_index("ix_page_views_viewed_on", "page_views", ["viewed_on"])


def downgrade() -> None:
    op.drop_index("ix_page_views_viewed_on", table_name="page_views")
    op.drop_column("page_views", "referrer")
