"""Nobody looks for carts by article"""

from alembic import op

revision = "c605_buggy"
down_revision = "c605_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_carts_articles", table_name="carts")


def downgrade() -> None:
    pass
