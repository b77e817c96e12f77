"""Create items, some of which nobody can delete"""

import sqlalchemy as sa
from alembic import op

revision = "c254_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.execute(
        "CREATE RULE items_keep AS ON DELETE TO items WHERE old.count > 1000000 DO INSTEAD NOTHING"
    )


def downgrade() -> None:
    op.drop_table("items")
