"""Create people"""

import sqlalchemy as sa
from alembic import op

revision = "c542_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("initial", sa.String(1), sa.Computed("left(name, 1)", persisted=False)),
    )


def downgrade() -> None:
    op.drop_table("people")
