"""Remark on grades"""

import sqlalchemy as sa
from alembic import op

revision = "c313_buggy"
down_revision = "c313_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grades", sa.Column("remark", sa.String(80)))


def downgrade() -> None:
    op.create_table(
        "grades_old",
        sa.Column("pupil", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.UniqueConstraint("pupil", "subject"),
    )
    op.execute("INSERT INTO grades_old SELECT pupil, subject, grade FROM grades")
    op.drop_table("grades")
    op.rename_table("grades_old", "grades")
