"""Call a member's nickname the display name"""

import sqlalchemy as sa
from alembic import op

revision = "c043_correct"
down_revision = "c043_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("display_name", sa.String(60)))
    op.execute("UPDATE members SET display_name = nickname")
    op.drop_column("members", "nickname")


def downgrade() -> None:
    op.add_column("members", sa.Column("nickname", sa.String(60)))
    op.execute("UPDATE members SET nickname = display_name")
    op.drop_column("members", "display_name")
