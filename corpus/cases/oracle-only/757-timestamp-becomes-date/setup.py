"""Create readings"""

from alembic import op

revision = "c757_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE readings (id NUMBER(10) NOT NULL PRIMARY KEY, taken_at "
        "TIMESTAMP(6))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE readings")
