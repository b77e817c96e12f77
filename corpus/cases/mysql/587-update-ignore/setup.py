"""Create products"""

import sqlalchemy as sa
from alembic import op

revision = "c587_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("sku", sa.String(12), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("products")
