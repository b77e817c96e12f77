"""See that there is a role for reporting"""

from alembic import op

revision = "c281_correct"
down_revision = "c281_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'c281_reader') THEN
                CREATE ROLE c281_reader;
            END IF;
        END
        $$
        """
    )


def downgrade() -> None:
    pass
