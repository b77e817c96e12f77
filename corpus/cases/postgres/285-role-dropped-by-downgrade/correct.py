"""Add a colour"""

import sqlalchemy as sa
from alembic import op

revision = "c285_correct"
down_revision = "c285_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("items", sa.Column("colour", sa.String(20), nullable=True))


def downgrade() -> None:
    op.drop_column("items", "colour")
