"""Create places"""

from alembic import op

revision = "c553_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE places (id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) "
        "NOT NULL, at POINT NOT NULL)"
    )
    op.create_index("sx_places_at", "places", ["at"], mysql_prefix="SPATIAL")


def downgrade() -> None:
    op.drop_table("places")
