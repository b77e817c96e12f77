"""Create seats"""

import sqlalchemy as sa
from alembic import op

revision = "c603_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.execute("ALTER TABLE seats ADD CONSTRAINT ck_seats_number CHECK (number > 0) NOT ENFORCED")


def downgrade() -> None:
    op.drop_table("seats")
