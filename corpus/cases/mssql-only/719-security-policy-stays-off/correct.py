"""Nothing happens to notes"""

from alembic import op

revision = "c719_correct"
down_revision = "c719_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER SECURITY POLICY notes_policy WITH (STATE = OFF)")
    op.execute("UPDATE notes SET body = body")
    op.execute("ALTER SECURITY POLICY notes_policy WITH (STATE = ON)")


def downgrade() -> None:
    pass
