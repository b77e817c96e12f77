"""Create members"""

import sqlalchemy as sa
from alembic import op

revision = "c181_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(120), nullable=False),
        sa.UniqueConstraint("email", name="members_email"),
    )


def downgrade() -> None:
    op.drop_table("members")
