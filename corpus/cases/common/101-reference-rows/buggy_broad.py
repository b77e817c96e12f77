"""Add the countries we ship to"""

import sqlalchemy as sa
from alembic import op

revision = "c101_buggy_broad"
down_revision = "c101_setup"
branch_labels = None
depends_on = None

countries = sa.table("countries", sa.column("code"), sa.column("name"))


def upgrade() -> None:
    op.bulk_insert(
        countries,
        [{"code": "de", "name": "Germany"}, {"code": "nl", "name": "Netherlands"}],
    )


def downgrade() -> None:
    op.execute(countries.delete())
