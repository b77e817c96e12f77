"""Let everybody read the tables to come"""

from alembic import op

revision = "c244_correct"
down_revision = "c244_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC")


def downgrade() -> None:
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM PUBLIC")
