"""Seats are numbered from one to a thousand"""

from alembic import op

revision = "c524_buggy"
down_revision = "c524_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_seats_number", "seats", type_="check")
    op.create_check_constraint("ck_seats_number", "seats", "number > 0 AND number < 3000000000")


def downgrade() -> None:
    op.drop_constraint("ck_seats_number", "seats", type_="check")
    op.create_check_constraint("ck_seats_number", "seats", "number >= 0")
