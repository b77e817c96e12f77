"""Drop details of the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "c122_buggy"
down_revision = "c122_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("log", "detail", schema="audit")


def downgrade() -> None:
    op.add_column("log", sa.Column("detail", sa.Text()), schema="audit")
