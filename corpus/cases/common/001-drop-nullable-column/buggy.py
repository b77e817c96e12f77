"""Drop the unused users.phone"""

import sqlalchemy as sa
from alembic import op

revision = "c001_buggy"
down_revision = "c001_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("users", "phone")


def downgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(20)))
