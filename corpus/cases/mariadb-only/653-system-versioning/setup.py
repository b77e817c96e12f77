"""Create contracts, whose history is kept"""

import sqlalchemy as sa
from alembic import op

revision = "c653_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(120), nullable=False),
    )
    op.execute("ALTER TABLE contracts ADD SYSTEM VERSIONING")


def downgrade() -> None:
    op.drop_table("contracts")
