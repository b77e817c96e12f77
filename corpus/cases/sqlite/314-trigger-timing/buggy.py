"""Stop logging prices"""

from alembic import op

revision = "c314_buggy"
down_revision = "c314_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER prices_log")


def downgrade() -> None:
    op.execute(
        "CREATE TRIGGER prices_log AFTER UPDATE ON prices BEGIN "
        "INSERT INTO price_log (id) VALUES (NULL); END"
    )
