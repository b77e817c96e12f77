"""Only count items"""

from alembic import op

revision = "c223_buggy"
down_revision = "c223_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW item_totals")
    op.execute("CREATE MATERIALIZED VIEW item_totals AS SELECT count(*) AS items FROM items")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW item_totals")
    op.execute(
        "CREATE MATERIALIZED VIEW item_totals AS SELECT name, sum(count) AS total FROM items "
        "GROUP BY name"
    )
