"""Create flats"""

import sqlalchemy as sa
from alembic import op

revision = "c119_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("floor", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("flats")
