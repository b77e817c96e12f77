"""Nobody asks for taxes"""

from alembic import op

revision = "c580_buggy"
down_revision = "c580_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION with_tax")


def downgrade() -> None:
    op.execute(
        "CREATE FUNCTION with_tax(amount DECIMAL(10, 2)) RETURNS DECIMAL(10, 2) DETERMINISTIC NO "
        "SQL SQL SECURITY INVOKER RETURN amount * 1.19"
    )
