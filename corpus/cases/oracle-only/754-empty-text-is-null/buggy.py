"""Give users a nickname"""

from alembic import op

revision = "c754_buggy"
down_revision = "c754_setup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD (nickname VARCHAR2(40 CHAR) DEFAULT '' NOT NULL)")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN nickname")
