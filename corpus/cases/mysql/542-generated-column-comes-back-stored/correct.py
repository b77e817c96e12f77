"""Nobody sorts by initials"""

import sqlalchemy as sa
from alembic import op

revision = "c542_correct"
down_revision = "c542_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("people", "initial")


def downgrade() -> None:
    op.add_column(
        "people", sa.Column("initial", sa.String(1), sa.Computed("left(name, 1)", persisted=False))
    )
