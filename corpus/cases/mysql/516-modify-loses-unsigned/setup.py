"""Create stock"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "c516_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stock",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("pieces", mysql.INTEGER(unsigned=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("stock")
