"""Create readers and loans"""

import sqlalchemy as sa
from alembic import op

revision = "c539_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readers",
        sa.Column("card", sa.String(20, collation="utf8mb4_general_ci"), primary_key=True),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("card", sa.String(20, collation="utf8mb4_general_ci"), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["readers.card"], name="fk_loans_card"),
    )


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("readers")
