"""Create seats"""

from alembic import op

revision = "c525_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE seats (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, number INTEGER NOT "
        "NULL CHECK (number > 0))"
    )


def downgrade() -> None:
    op.drop_table("seats")
