"""Create customers"""

import sqlalchemy as sa
from alembic import op

revision = "c048_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("nickname", sa.String(40)),
    )


def downgrade() -> None:
    op.drop_table("customers")
