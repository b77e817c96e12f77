"""Create prices with a trigger"""

import sqlalchemy as sa
from alembic import op

revision = "c573_setup"
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


def downgrade() -> None:
    op.drop_table("prices")
