"""Create the tables Key and rank"""

import sqlalchemy as sa
from alembic import op

revision = "c597_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "Key",
        sa.Column("Select", sa.Integer(), primary_key=True),
        sa.Column("lines", sa.String(40)),
        sa.Column("Unit Price", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "rank",
        sa.Column("groups", sa.Integer(), primary_key=True),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["of"], ["Key.Select"], name="FK rank 'of'"),
    )


def downgrade() -> None:
    op.drop_table("rank")
    op.drop_table("Key")
