"""Nobody looks for carts by article"""

from alembic import op

revision = "c605_correct"
down_revision = "c605_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_carts_articles", table_name="carts")


def downgrade() -> None:
    op.execute(
        "CREATE INDEX ix_carts_articles ON carts ((CAST(json_extract(articles, '$.ids') AS "
        "UNSIGNED ARRAY)))"
    )
