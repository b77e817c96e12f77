"""Create rooms and lamps"""

import sqlalchemy as sa
from alembic import op

revision = "c117_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
    )
    op.create_table(
        "lamps",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("room_id", sa.Integer(), sa.ForeignKey("rooms.id"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lamps")
    op.drop_table("rooms")
