"""Create badges"""

import sqlalchemy as sa
from alembic import op

revision = "c306_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "badges",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("note", sa.String(80)),
        sa.UniqueConstraint("code", name="uq_badges_code", sqlite_on_conflict="FAIL"),
    )


def downgrade() -> None:
    op.drop_table("badges")
