"""Only count items"""

from alembic import op

revision = "c222_buggy"
down_revision = "c222_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW item_totals")
    op.execute("CREATE MATERIALIZED VIEW item_totals AS SELECT count(*) AS items FROM items")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW item_totals")
    op.execute(
        "CREATE MATERIALIZED VIEW item_totals AS SELECT name, max(count)::bigint AS total "
        "FROM items GROUP BY name"
    )
    op.execute("CREATE INDEX ix_item_totals_total ON item_totals (total)")
