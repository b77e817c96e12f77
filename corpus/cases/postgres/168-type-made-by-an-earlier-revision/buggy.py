"""Create jersey orders"""

import sqlalchemy as sa
from alembic import op

revision = "c168_buggy"
down_revision = "c168_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Within one run SQLAlchemy remembers that it has created the type, so a new database does not show this.
    op.create_table(
        "jersey_orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("size", sa.Enum("s", "m", "l", name="jersey_size"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("jersey_orders")
