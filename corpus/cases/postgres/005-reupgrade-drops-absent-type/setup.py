"""Create a diary with moods"""

import sqlalchemy as sa
from alembic import op

revision = "c005_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "diary",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("mood", sa.Enum("calm", "glad", "sad", name="mood"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("diary")
    op.execute("DROP TYPE mood")
