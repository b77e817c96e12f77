"""Create prices"""

from alembic import op

revision = "c713_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE prices (id int NOT NULL CONSTRAINT pk_prices PRIMARY KEY, amount int NOT NULL, "
        "since datetime2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL, "
        "until datetime2 GENERATED ALWAYS AS ROW END HIDDEN NOT NULL, "
        "PERIOD FOR SYSTEM_TIME (since, until)) "
        "WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.prices_history))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE prices SET (SYSTEM_VERSIONING = OFF)")
    op.drop_table("prices")
    op.drop_table("prices_history")
