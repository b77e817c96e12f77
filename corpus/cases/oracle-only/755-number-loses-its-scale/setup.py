"""Create prices"""

from alembic import op

revision = "c755_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE prices (id NUMBER(10) NOT NULL PRIMARY KEY, amount "
        "NUMBER(12,4))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE prices")
