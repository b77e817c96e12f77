"""Create rates"""

import sqlalchemy as sa
from alembic import op

revision = "c529_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("rate", sa.Numeric(12, 6), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rates")
