"""Nobody looks for places near by"""

from alembic import op

revision = "c553_correct"
down_revision = "c553_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("sx_places_at", table_name="places")


def downgrade() -> None:
    op.create_index("sx_places_at", "places", ["at"], mysql_prefix="SPATIAL")
