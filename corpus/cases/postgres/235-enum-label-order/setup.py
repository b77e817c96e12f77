"""Create tickets with a priority"""

import sqlalchemy as sa
from alembic import op

revision = "c235_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("priority", sa.Enum("low", "high", name="priority"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tickets")
    op.execute("DROP TYPE priority")
