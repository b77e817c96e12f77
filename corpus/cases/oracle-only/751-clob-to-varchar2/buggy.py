"""Keep notes of any length"""

from alembic import op

revision = "c751_buggy"
down_revision = "c751_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD (body_long CLOB)")
    op.execute("UPDATE notes SET body_long = body")
    op.execute("ALTER TABLE notes DROP COLUMN body")
    op.execute("ALTER TABLE notes RENAME COLUMN body_long TO body")


def downgrade() -> None:
    op.execute("ALTER TABLE notes MODIFY (body VARCHAR2(200 CHAR))")
