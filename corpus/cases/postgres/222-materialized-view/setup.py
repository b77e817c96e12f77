"""Create items and their totals"""

import sqlalchemy as sa
from alembic import op

revision = "c222_setup"
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
    op.execute(
        "CREATE MATERIALIZED VIEW item_totals AS SELECT name, sum(count) AS total FROM items "
        "GROUP BY name"
    )
    op.execute("CREATE INDEX ix_item_totals_total ON item_totals (total)")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW item_totals")
    op.drop_table("items")
