"""Make room for long notes on coupons"""

import sqlalchemy as sa
from alembic import op

revision = "c012_buggy"
down_revision = "c012_setup"
branch_labels = None
depends_on = None

coupons = sa.Table(
    "coupons",
    sa.MetaData(),
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("code", sa.String(20), nullable=False),
    sa.Column("note", sa.String(80)),
)


def upgrade() -> None:
    with op.batch_alter_table("coupons", copy_from=coupons) as batch:
        batch.alter_column("note", type_=sa.String(400))


def downgrade() -> None:
    with op.batch_alter_table("coupons") as batch:
        batch.alter_column("note", type_=sa.String(80))
