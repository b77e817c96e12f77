"""Store floors as numbers beside the text"""

import sqlalchemy as sa
from alembic import op

revision = "c119_correct"
down_revision = "c119_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("flats", sa.Column("floor_number", sa.Integer()))
    op.execute("UPDATE flats SET floor_number = CAST(floor AS INTEGER)")


def downgrade() -> None:
    op.drop_column("flats", "floor_number")
