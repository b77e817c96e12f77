"""Let reporting read items"""

from alembic import op

revision = "c284_correct"
down_revision = "c284_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'c284_reader') THEN
                CREATE ROLE c284_reader;
            END IF;
        END
        $$
        """
    )
    op.execute("GRANT SELECT ON items TO c284_reader")


def downgrade() -> None:
    # The role stays: other databases of the server may use it.
    op.execute("REVOKE SELECT ON items FROM c284_reader")
