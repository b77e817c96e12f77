"""Drop notes on order lines"""

import sqlalchemy as sa
from alembic import op

revision = "c104_buggy"
down_revision = "c104_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("order_lines", "note")


def downgrade() -> None:
    op.add_column("order_lines", sa.Column("note", sa.String(200)))
