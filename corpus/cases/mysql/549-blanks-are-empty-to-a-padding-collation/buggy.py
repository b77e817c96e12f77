"""Write no website as NULL"""

import sqlalchemy as sa
from alembic import op

revision = "c549_buggy"
down_revision = "c549_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "profiles",
        "website",
        existing_type=sa.String(200, collation="utf8mb4_general_ci"),
        nullable=True,
    )
    op.execute("UPDATE profiles SET website = NULL WHERE website = ''")


def downgrade() -> None:
    op.execute("UPDATE profiles SET website = '' WHERE website IS NULL")
    op.alter_column(
        "profiles",
        "website",
        existing_type=sa.String(200, collation="utf8mb4_general_ci"),
        nullable=False,
    )
