"""Create items, with comments"""

import sqlalchemy as sa
from alembic import op

revision = "c206_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.execute("COMMENT ON TABLE items IS 'What we sell'")
    op.execute("COMMENT ON COLUMN items.count IS 'Pieces in stock'")


def downgrade() -> None:
    op.drop_table("items")
