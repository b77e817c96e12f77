"""Find members by name"""

from alembic import op

revision = "c419_correct"
down_revision = "c419_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_members_name", "members", ["name"])


def downgrade() -> None:
    op.drop_index("ix_members_name", table_name="members")
