"""Put all the rules into the database"""

import sqlalchemy as sa
from alembic import op

revision = "c595_correct"
down_revision = "c595_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cents", sa.Integer(), nullable=False),
    )
    op.execute("CREATE VIEW dear AS SELECT id, cents FROM prices WHERE cents > 1000")
    op.execute(
        "CREATE VIEW dear_orders AS SELECT orders.id, dear.cents FROM orders JOIN dear ON dear.id"
        " = orders.price_id"
    )
    op.execute(
        "CREATE TRIGGER prices_log BEFORE UPDATE ON prices FOR EACH ROW BEGIN DECLARE old_cents "
        "INTEGER; SET old_cents = OLD.cents; IF old_cents <> NEW.cents THEN INSERT INTO price_log"
        " (cents) VALUES (old_cents); END IF; END"
    )
    op.execute(
        "CREATE PROCEDURE tidy_prices(IN least INTEGER) BEGIN UPDATE prices SET cents = least "
        "WHERE cents < least; DELETE FROM price_log; END"
    )
    op.execute(
        "CREATE FUNCTION in_euros(cents INTEGER) RETURNS DECIMAL(12, 2) DETERMINISTIC NO SQL "
        "BEGIN DECLARE euros DECIMAL(12, 2); SET euros = cents / 100; RETURN euros; END"
    )
    op.execute(
        "CREATE EVENT tidy_daily ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO BEGIN "
        "DELETE FROM price_log; CALL tidy_prices(0); END"
    )


def downgrade() -> None:
    op.execute("DROP EVENT tidy_daily")
    op.execute("DROP FUNCTION in_euros")
    op.execute("DROP PROCEDURE tidy_prices")
    op.execute("DROP TRIGGER prices_log")
    op.execute("DROP VIEW dear_orders")
    op.execute("DROP VIEW dear")
    op.drop_table("price_log")
