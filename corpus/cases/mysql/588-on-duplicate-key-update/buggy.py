"""Give every user the new theme"""

from alembic import op

revision = "c588_buggy"
down_revision = "c588_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO settings (user_id, theme) SELECT id, 'mountains' FROM users ON DUPLICATE KEY"
        " UPDATE theme = 'mountains'"
    )


def downgrade() -> None:
    pass
