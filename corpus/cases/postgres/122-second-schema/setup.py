"""Create the audit log in a schema of its own"""

import sqlalchemy as sa
from alembic import op

revision = "c122_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA audit")
    op.create_table(
        "log",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text()),
        schema="audit",
    )


def downgrade() -> None:
    op.drop_table("log", schema="audit")
    op.execute("DROP SCHEMA audit")
