"""Stop logging prices"""

from alembic import op

revision = "c574_buggy"
down_revision = "c574_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER prices_log")


def downgrade() -> None:
    op.execute(
        "CREATE TRIGGER prices_log BEFORE UPDATE ON prices FOR EACH ROW INSERT INTO price_log "
        "(cents) VALUES (OLD.cents)"
    )
