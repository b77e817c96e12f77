"""Store amounts without their sign, which has a column of its own"""

import sqlalchemy as sa
from alembic import op

revision = "c148_correct"
down_revision = "c148_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "postings", sa.Column("credit", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE postings SET credit = (amount < 0)")
    op.execute("UPDATE postings SET amount = abs(amount)")


def downgrade() -> None:
    op.execute("UPDATE postings SET amount = -amount WHERE credit")
    op.drop_column("postings", "credit")
