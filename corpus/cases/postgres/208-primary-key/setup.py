"""Create grades"""

import sqlalchemy as sa
from alembic import op

revision = "c208_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grades",
        sa.Column("pupil", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pupil", "subject", name="pk_grades"),
    )


def downgrade() -> None:
    op.drop_table("grades")
