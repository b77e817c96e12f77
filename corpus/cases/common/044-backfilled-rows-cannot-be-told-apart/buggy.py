"""Give every user settings"""

from alembic import op

revision = "c044_buggy"
down_revision = "c044_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO user_settings (user_id, theme) "
        "SELECT id, 'light' FROM users WHERE id NOT IN (SELECT user_id FROM user_settings)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM user_settings")
