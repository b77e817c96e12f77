"""Any number will do"""

from alembic import op

revision = "c603_correct"
down_revision = "c603_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_seats_number", "seats", type_="check")


def downgrade() -> None:
    op.execute("ALTER TABLE seats ADD CONSTRAINT ck_seats_number CHECK (number > 0) NOT ENFORCED")
