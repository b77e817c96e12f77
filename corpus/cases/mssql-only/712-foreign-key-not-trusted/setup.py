"""Create readers and loans"""

import sqlalchemy as sa
from alembic import op

revision = "c712_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readers",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Unicode(50), nullable=False),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_loans_reader"),
    )


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("readers")
