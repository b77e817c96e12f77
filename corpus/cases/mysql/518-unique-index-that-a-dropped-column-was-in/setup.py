"""Create prices per country"""

import sqlalchemy as sa
from alembic import op

revision = "c518_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("article", sa.String(40), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.UniqueConstraint("article", "country", name="uq_prices_article"),
    )


def downgrade() -> None:
    op.drop_table("prices")
