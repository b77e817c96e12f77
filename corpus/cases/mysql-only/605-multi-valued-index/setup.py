"""Create carts"""

import sqlalchemy as sa
from alembic import op

revision = "c605_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("articles", sa.JSON(), nullable=False),
    )
    op.execute(
        "CREATE INDEX ix_carts_articles ON carts ((CAST(json_extract(articles, '$.ids') AS "
        "UNSIGNED ARRAY)))"
    )


def downgrade() -> None:
    op.drop_table("carts")
