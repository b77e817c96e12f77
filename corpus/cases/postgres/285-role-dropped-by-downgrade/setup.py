"""Create items and a role for reporting"""

import sqlalchemy as sa
from alembic import op

revision = "c285_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    op.execute("CREATE ROLE c285_reader")


def downgrade() -> None:
    op.execute("DROP ROLE c285_reader")
    op.drop_table("items")
