"""Mark profiles without a bio"""

import sqlalchemy as sa
from alembic import op

revision = "c150_correct"
down_revision = "c150_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "profiles", sa.Column("has_bio", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE profiles SET has_bio = (bio IS NOT NULL)")


def downgrade() -> None:
    op.drop_column("profiles", "has_bio")
