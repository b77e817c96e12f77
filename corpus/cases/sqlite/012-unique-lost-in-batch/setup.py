"""Create coupons"""

import sqlalchemy as sa
from alembic import op

revision = "c012_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("note", sa.String(80)),
        sa.UniqueConstraint("code"),
    )


def downgrade() -> None:
    op.drop_table("coupons")
