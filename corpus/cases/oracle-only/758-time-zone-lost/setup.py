"""Create calls"""

from alembic import op

revision = "c758_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE calls (id NUMBER(10) NOT NULL PRIMARY KEY, begun_at "
        "TIMESTAMP(6) WITH TIME ZONE)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE calls")
