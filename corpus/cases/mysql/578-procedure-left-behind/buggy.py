"""Tidy prices"""

from alembic import op

revision = "c578_buggy"
down_revision = "c578_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE PROCEDURE tidy_prices() BEGIN UPDATE prices SET cents = 0 WHERE cents < 0; DELETE"
        " FROM prices WHERE cents > 1000000; END"
    )


def downgrade() -> None:
    pass
