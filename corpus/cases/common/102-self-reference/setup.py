"""Create employees, each with a manager"""

import sqlalchemy as sa
from alembic import op

revision = "c102_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "employees",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("manager_id", sa.Integer(), sa.ForeignKey("employees.id")),
    )


def downgrade() -> None:
    op.drop_table("employees")
