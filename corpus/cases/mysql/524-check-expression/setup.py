"""Create seats"""

import sqlalchemy as sa
from alembic import op

revision = "c524_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("number > 0", name="ck_seats_number"),
    )


def downgrade() -> None:
    op.drop_table("seats")
