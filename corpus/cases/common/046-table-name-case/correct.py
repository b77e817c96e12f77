"""Create AuditLog"""

import sqlalchemy as sa
from alembic import op

revision = "c046_correct"
down_revision = "c046_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "AuditLog",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("AuditLog")
