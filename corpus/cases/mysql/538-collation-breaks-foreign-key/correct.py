"""Record loans"""

import sqlalchemy as sa
from alembic import op

revision = "c538_correct"
down_revision = "c538_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("card", sa.String(20, collation="utf8mb4_bin"), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["readers.card"], name="fk_loans_card"),
    )


def downgrade() -> None:
    op.drop_table("loans")
