"""Nobody lists active members"""

from alembic import op

revision = "c577_correct"
down_revision = "c577_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP VIEW active_members")


def downgrade() -> None:
    op.execute(
        "CREATE VIEW active_members AS SELECT id, name, active FROM members WHERE active WITH "
        "CHECK OPTION"
    )
