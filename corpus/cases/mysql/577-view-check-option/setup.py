"""Create members, and a view of the active ones"""

import sqlalchemy as sa
from alembic import op

revision = "c577_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.execute(
        "CREATE VIEW active_members AS SELECT id, name, active FROM members WHERE active WITH "
        "CHECK OPTION"
    )


def downgrade() -> None:
    op.execute("DROP VIEW active_members")
    op.drop_table("members")
