"""Explain prices"""

from alembic import op

revision = "c713_correct"
down_revision = "c713_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE prices SET (SYSTEM_VERSIONING = OFF)")
    op.execute("ALTER TABLE prices ADD note nvarchar(50) NULL")
    op.execute("ALTER TABLE prices_history ADD note nvarchar(50) NULL")
    op.execute(
        "ALTER TABLE prices SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.prices_history))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE prices SET (SYSTEM_VERSIONING = OFF)")
    op.execute("ALTER TABLE prices DROP COLUMN note")
    op.execute("ALTER TABLE prices_history DROP COLUMN note")
    op.execute(
        "ALTER TABLE prices SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.prices_history))"
    )
