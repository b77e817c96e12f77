"""Programs number tickets"""

from alembic import op

revision = "c717_buggy"
down_revision = "c717_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tickets DROP CONSTRAINT df_tickets_number")


def downgrade() -> None:
    pass
