"""Offer labels without blanks at the ends"""

import sqlalchemy as sa
from alembic import op

revision = "c147_correct"
down_revision = "c147_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tags", sa.Column("slug", sa.String(60)))
    op.execute("UPDATE tags SET slug = trim(label)")


def downgrade() -> None:
    op.drop_column("tags", "slug")
