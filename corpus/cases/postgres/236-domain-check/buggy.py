"""Allow discounts above the price"""

from alembic import op

revision = "c236_buggy"
down_revision = "c236_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DOMAIN percentage DROP CONSTRAINT ck_percentage")
    op.execute(
        "ALTER DOMAIN percentage ADD CONSTRAINT ck_percentage CHECK (VALUE >= 0 AND VALUE <= 200)"
    )


def downgrade() -> None:
    pass
