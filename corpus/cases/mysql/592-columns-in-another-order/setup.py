"""Create people"""

import sqlalchemy as sa
from alembic import op

revision = "c592_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, comment="As it is spoken"),
        sa.Column("born_on", sa.Date()),
    )


def downgrade() -> None:
    op.drop_table("people")
