"""Create clients, bills and a tree"""

import sqlalchemy as sa
from alembic import op

revision = "c540_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("parent_id", sa.Integer(), sa.ForeignKey("clients.id")),
    )
    op.create_table(
        "bills",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("client_id", sa.Integer(), sa.ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
        sa.Column("payer_id", sa.Integer(), sa.ForeignKey("clients.id", ondelete="SET NULL")),
    )


def downgrade() -> None:
    op.drop_table("bills")
    op.drop_table("clients")
