"""Programs compute the total"""

import sqlalchemy as sa
from alembic import op

revision = "c710_correct"
down_revision = "c710_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("lines", "total")


def downgrade() -> None:
    op.add_column(
        "lines",
        sa.Column(
            "total",
            sa.BigInteger(),
            sa.Computed("CONVERT(bigint, price) * quantity", persisted=True),
        ),
    )
