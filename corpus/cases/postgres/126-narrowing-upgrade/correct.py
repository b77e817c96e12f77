"""Offer short titles"""

import sqlalchemy as sa
from alembic import op

revision = "c126_correct"
down_revision = "c126_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notes", sa.Column("short_title", sa.String(50)))
    op.execute("UPDATE notes SET short_title = left(title, 50)")


def downgrade() -> None:
    op.drop_column("notes", "short_title")
