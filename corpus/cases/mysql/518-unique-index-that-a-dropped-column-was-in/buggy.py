"""One price for all countries"""

import sqlalchemy as sa
from alembic import op

revision = "c518_buggy"
down_revision = "c518_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prices", sa.Column("region", sa.String(2)))
    op.execute("UPDATE prices SET region = country")
    op.drop_column("prices", "country")


def downgrade() -> None:
    op.add_column("prices", sa.Column("country", sa.String(2), nullable=False))
    op.execute("UPDATE prices SET country = coalesce(region, '')")
    op.drop_constraint("uq_prices_article", "prices", type_="unique")
    op.create_unique_constraint("uq_prices_article", "prices", ["article", "country"])
    op.drop_column("prices", "region")
