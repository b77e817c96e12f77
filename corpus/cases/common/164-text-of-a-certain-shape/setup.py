"""Create widgets and customers"""

import sqlalchemy as sa
from alembic import op

revision = "c164_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "widgets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("document", sa.Text(), nullable=False),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("phone", sa.String(40)),
    )


def downgrade() -> None:
    op.drop_table("customers")
    op.drop_table("widgets")
