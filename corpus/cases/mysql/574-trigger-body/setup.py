"""Create prices with a trigger"""

import sqlalchemy as sa
from alembic import op

revision = "c574_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.create_table(
        "price_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER prices_log BEFORE UPDATE ON prices FOR EACH ROW BEGIN SET NEW.cents = "
        "greatest(NEW.cents, 0); INSERT INTO price_log (cents) VALUES (OLD.cents); END"
    )


def downgrade() -> None:
    op.drop_table("prices")
    op.drop_table("price_log")
