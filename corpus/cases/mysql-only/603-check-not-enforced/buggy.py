"""Any number will do"""

from alembic import op

revision = "c603_buggy"
down_revision = "c603_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_seats_number", "seats", type_="check")


def downgrade() -> None:
    op.create_check_constraint("ck_seats_number", "seats", "number > 0")
