"""Find readings by the second"""

import sqlalchemy as sa
from alembic import op

revision = "c153_correct"
down_revision = "c153_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("readings", sa.Column("taken_second", sa.DateTime()))
    op.execute("UPDATE readings SET taken_second = date_trunc('second', taken_at)")


def downgrade() -> None:
    op.drop_column("readings", "taken_second")
