"""Allow discounts above the price"""

from alembic import op

revision = "c236_correct"
down_revision = "c236_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DOMAIN percentage DROP CONSTRAINT ck_percentage")
    op.execute(
        "ALTER DOMAIN percentage ADD CONSTRAINT ck_percentage CHECK (VALUE >= 0 AND VALUE <= 200)"
    )


def downgrade() -> None:
    op.execute("UPDATE discounts SET value = 100 WHERE value > 100")
    op.execute("ALTER DOMAIN percentage DROP CONSTRAINT ck_percentage")
    op.execute(
        "ALTER DOMAIN percentage ADD CONSTRAINT ck_percentage CHECK (VALUE >= 0 AND VALUE <= 100)"
    )
