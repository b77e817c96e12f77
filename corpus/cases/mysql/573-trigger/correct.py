"""Let prices fall below zero"""

from alembic import op

revision = "c573_correct"
down_revision = "c573_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER prices_first")


def downgrade() -> None:
    op.execute(
        "CREATE TRIGGER prices_first BEFORE UPDATE ON prices FOR EACH ROW SET NEW.cents = "
        "greatest(NEW.cents, 0)"
    )
