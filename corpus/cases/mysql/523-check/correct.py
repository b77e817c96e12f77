"""Say on which aisle seats are"""

import sqlalchemy as sa
from alembic import op

revision = "c523_correct"
down_revision = "c523_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("seats", sa.Column("aisle", sa.Integer()))
    op.create_check_constraint("ck_seats_aisle", "seats", "aisle > 0")


def downgrade() -> None:
    op.drop_constraint("ck_seats_aisle", "seats", type_="check")
    op.drop_column("seats", "aisle")
