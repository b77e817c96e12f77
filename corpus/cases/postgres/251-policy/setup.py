"""Create items with row security"""

import sqlalchemy as sa
from alembic import op

revision = "c251_setup"
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
    op.execute("ALTER TABLE items ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY items_visible ON items USING (count > 0)")


def downgrade() -> None:
    op.drop_table("items")
