"""Create places"""

from alembic import op

revision = "c604_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE places (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, at POINT NOT NULL "
        "SRID 4326)"
    )


def downgrade() -> None:
    op.drop_table("places")
