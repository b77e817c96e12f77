"""Allow seats without a number"""

from alembic import op

revision = "c523_buggy"
down_revision = "c523_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_seats_number", "seats", type_="check")


def downgrade() -> None:
    pass
