"""Create notices"""

from alembic import op

revision = "c293_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE channel AS ENUM ('mail', 'sms')")
    op.execute("CREATE TABLE notices (id integer PRIMARY KEY, channels channel[] NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE notices")
    op.execute("DROP TYPE channel")
