"""Create gadgets and buyers"""

import sqlalchemy as sa
from alembic import op

revision = "c169_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gadgets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("document", sa.String(400), nullable=False),
    )
    op.create_table(
        "buyers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("phone", sa.String(40)),
    )


def downgrade() -> None:
    op.drop_table("buyers")
    op.drop_table("gadgets")
