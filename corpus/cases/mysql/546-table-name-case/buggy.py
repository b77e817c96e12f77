"""Create AuditLog"""

import sqlalchemy as sa
from alembic import op

revision = "c546_buggy"
down_revision = "c546_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "AuditLog",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS auditlog")
