"""Allow any number of coupons without a note"""

import sqlalchemy as sa
from alembic import op

revision = "c184_buggy"
down_revision = "c184_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ux_coupons_blank", table_name="coupons")


def downgrade() -> None:
    op.create_index(
        "ux_coupons_blank",
        "coupons",
        ["note"],
        unique=True,
        sqlite_where=sa.text("note = ''"),
        postgresql_where=sa.text("note = ''"),
    )
