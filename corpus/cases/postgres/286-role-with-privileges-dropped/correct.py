"""Reporting is gone"""

from alembic import op

revision = "c286_correct"
down_revision = "c286_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE SELECT ON items FROM c286_reader")
    op.execute("DROP ROLE c286_reader")


def downgrade() -> None:
    op.execute("CREATE ROLE c286_reader")
    op.execute("GRANT SELECT ON items TO c286_reader")
