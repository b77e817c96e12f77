"""Create contacts"""

import sqlalchemy as sa
from alembic import op

revision = "c505_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("company", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("contacts")
