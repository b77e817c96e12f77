"""Create items and a view of those in stock"""

import sqlalchemy as sa
from alembic import op

revision = "c267_setup"
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
    op.execute("CREATE VIEW stock AS SELECT id, name FROM items WHERE count > 0")
    op.execute("COMMENT ON VIEW stock IS 'What can be sold today'")


def downgrade() -> None:
    op.execute("DROP VIEW stock")
    op.drop_table("items")
