"""Create coupons"""

import sqlalchemy as sa
from alembic import op

revision = "c184_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("note", sa.String(40), nullable=False),
    )
    op.create_index(
        "ux_coupons_blank",
        "coupons",
        ["note"],
        unique=True,
        sqlite_where=sa.text("note = ''"),
        postgresql_where=sa.text("note = ''"),
    )


def downgrade() -> None:
    op.drop_index("ux_coupons_blank", table_name="coupons")
    op.drop_table("coupons")
