"""Find readings by the second"""

from alembic import op

revision = "c530_correct"
down_revision = "c530_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE readings ADD COLUMN taken_second DATETIME")
    op.execute("UPDATE readings SET taken_second = date_format(taken_at, '%Y-%m-%d %H:%i:%s')")


def downgrade() -> None:
    op.drop_column("readings", "taken_second")
