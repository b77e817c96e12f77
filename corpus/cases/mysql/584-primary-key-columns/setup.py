"""Create grades"""

import sqlalchemy as sa
from alembic import op

revision = "c584_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grades",
        sa.Column("pupil", sa.String(40), primary_key=True),
        sa.Column("subject", sa.String(40), primary_key=True),
        sa.Column("grade", sa.SmallInteger()),
    )


def downgrade() -> None:
    op.drop_table("grades")
