"""Shops open on Thursday"""

from alembic import op

revision = "c559_correct"
down_revision = "c559_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shops MODIFY days SET('mon', 'tue', 'wed', 'thu') NOT NULL")


def downgrade() -> None:
    op.execute(
        "UPDATE shops SET days = trim(BOTH ',' FROM replace(concat(',', days, ','), ',thu,', "
        "','))"
    )
    op.execute("ALTER TABLE shops MODIFY days SET('mon', 'tue', 'wed') NOT NULL")
