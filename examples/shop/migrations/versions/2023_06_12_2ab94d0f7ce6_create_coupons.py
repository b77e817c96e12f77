"""create coupons

Revision ID: 2ab94d0f7ce6
Revises: c6a12f4e8d93
Create Date: 2023-06-12 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "2ab94d0f7ce6"
down_revision = "c6a12f4e8d93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    coupons = op.create_table(
        "coupons",
        sa.Column("code", sa.String(24), primary_key=True),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name="ck_coupons_percent"),
        sa.CheckConstraint("valid_until >= valid_from", name="ck_coupons_valid"),
    )
    op.bulk_insert(coupons, [{"code": "WELCOME", "percent": 10}, {"code": "FRIENDS", "percent": 20}])


def downgrade() -> None:
    op.drop_table("coupons")
