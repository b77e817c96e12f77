"""People have phones"""

import sqlalchemy as sa
from alembic import op

revision = "c718_buggy"
down_revision = "c718_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("phone", sa.Unicode(30)))
    op.execute("EXEC sp_refreshview 'people_view'")


def downgrade() -> None:
    op.drop_column("people", "phone")
