"""Show reports to nobody"""

from alembic import op

revision = "c769_correct"
down_revision = "c769_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE SELECT ON reports FROM PUBLIC")


def downgrade() -> None:
    op.execute("GRANT SELECT ON reports TO PUBLIC")
