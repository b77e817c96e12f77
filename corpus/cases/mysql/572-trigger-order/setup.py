"""Create prices with two triggers"""

import sqlalchemy as sa
from alembic import op

revision = "c572_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER prices_first BEFORE UPDATE ON prices FOR EACH ROW SET NEW.cents = "
        "greatest(NEW.cents, 0)"
    )
    op.execute(
        "CREATE TRIGGER prices_second BEFORE UPDATE ON prices FOR EACH ROW SET NEW.cents = "
        "NEW.cents + 1"
    )


def downgrade() -> None:
    op.drop_table("prices")
