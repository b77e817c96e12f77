"""Mark who manages others"""

import sqlalchemy as sa
from alembic import op

revision = "c102_correct"
down_revision = "c102_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "employees",
        sa.Column("manages", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE employees SET manages = true WHERE id IN "
        "(SELECT manager_id FROM (SELECT DISTINCT manager_id FROM employees) AS managers)"
    )


def downgrade() -> None:
    op.drop_column("employees", "manages")
