"""Create items that reporting reads"""

import sqlalchemy as sa
from alembic import op

revision = "c286_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.execute("CREATE ROLE c286_reader")
    op.execute("GRANT SELECT ON items TO c286_reader")


def downgrade() -> None:
    op.drop_table("items")
    op.execute("DROP ROLE c286_reader")
