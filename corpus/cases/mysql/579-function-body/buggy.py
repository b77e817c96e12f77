"""Lower the tax"""

from alembic import op

revision = "c579_buggy"
down_revision = "c579_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION with_tax")
    op.execute(
        "CREATE FUNCTION with_tax(amount DECIMAL(10, 2)) RETURNS DECIMAL(10, 2) DETERMINISTIC NO "
        "SQL RETURN amount * 1.16"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION with_tax")
    op.execute(
        "CREATE FUNCTION with_tax(amount DECIMAL(10, 2)) RETURNS DECIMAL(10, 2) DETERMINISTIC NO "
        "SQL RETURN amount * 1.20"
    )
