"""Log prices"""

import sqlalchemy as sa
from alembic import op

revision = "c575_buggy"
down_revision = "c575_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE TRIGGER prices_log BEFORE UPDATE ON prices FOR EACH ROW INSERT INTO price_log "
        "(cents) VALUES (OLD.cents)"
    )


def downgrade() -> None:
    op.drop_table("price_log")
