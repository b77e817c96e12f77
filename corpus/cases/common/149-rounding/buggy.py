"""Bill whole kilograms"""

from alembic import op

revision = "c149_buggy"
down_revision = "c149_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE parcels SET grams = grams - grams % 1000")


def downgrade() -> None:
    pass
