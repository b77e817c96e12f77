"""Give pages a slug"""

import sqlalchemy as sa
from alembic import op

revision = "c156_buggy"
down_revision = "c156_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pages", sa.Column("slug", sa.String(80)))
    op.execute("UPDATE pages SET slug = id::text")


def downgrade() -> None:
    op.drop_column("pages", "slug")
