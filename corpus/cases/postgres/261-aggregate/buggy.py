"""Multiply over rows"""

from alembic import op

revision = "c261_buggy"
down_revision = "c261_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1')"
    )


def downgrade() -> None:
    pass
