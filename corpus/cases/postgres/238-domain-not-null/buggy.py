"""Allow discounts that are not decided"""

from alembic import op

revision = "c238_buggy"
down_revision = "c238_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DOMAIN percentage DROP NOT NULL")


def downgrade() -> None:
    pass
