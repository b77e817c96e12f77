"""Give every user settings, and remember which were not chosen"""

import sqlalchemy as sa
from alembic import op

revision = "c044_correct"
down_revision = "c044_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_settings", sa.Column("source", sa.String(20)))
    op.execute(
        "INSERT INTO user_settings (user_id, theme, source) "
        "SELECT id, 'light', 'backfill' FROM users "
        "WHERE id NOT IN (SELECT user_id FROM user_settings)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM user_settings WHERE source = 'backfill'")
    op.drop_column("user_settings", "source")
