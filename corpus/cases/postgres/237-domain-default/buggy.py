"""Start discounts at five percent"""

from alembic import op

revision = "c237_buggy"
down_revision = "c237_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DOMAIN percentage SET DEFAULT 5")


def downgrade() -> None:
    op.execute("ALTER DOMAIN percentage DROP DEFAULT")
