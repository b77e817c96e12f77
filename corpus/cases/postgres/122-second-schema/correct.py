"""Rename details of the audit log"""

from alembic import op

revision = "c122_correct"
down_revision = "c122_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("log", "detail", new_column_name="message", schema="audit")


def downgrade() -> None:
    op.alter_column("log", "message", new_column_name="detail", schema="audit")
